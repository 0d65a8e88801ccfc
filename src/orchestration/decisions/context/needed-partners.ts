import type { NeededPartner } from './decision-context.js';
import type { FieldFaults } from './field-faults.js';
import { AFFECTS, DEFAULT_PARTNERS, PARTNER_ID_LIMIT, PARTNERS_LIMIT } from './known-keys.js';

/** The partners that a context leans on: those that it names, and those of the fields that it says it affects. Each once. */
export function neededPartners(given: Record<string, unknown>, path: string, faults: FieldFaults): NeededPartner[] {
  const needed = new Map<string, NeededPartner>();
  const add = (id: string, because: string): unknown => needed.has(id) || needed.set(id, { id, because });
  for (const id of namedPartners(given['partnerships'], `${path}.partnerships`, faults)) add(id, 'partnerships');
  for (const key of Object.keys(given).filter((name) => name.startsWith(AFFECTS))) {
    const value = given[key] ?? false;
    if (typeof value !== 'boolean') faults.add(`${path}.${key}`, 'must be true or false');
    else if (value) add(partnerOf(key.slice(AFFECTS.length)), key);
  }
  if (needed.size > PARTNERS_LIMIT) faults.add(path, `must not need more than ${PARTNERS_LIMIT} partners`);
  return [...needed.values()];
}

function partnerOf(field: string): string {
  return Object.hasOwn(DEFAULT_PARTNERS, field) ? (DEFAULT_PARTNERS[field] ?? field) : field;
}

function namedPartners(value: unknown, path: string, faults: FieldFaults): string[] {
  const names = value ?? [];
  if (!Array.isArray(names)) {
    faults.add(path, 'must be a list of ids of partnerships');
    return [];
  }
  return names.filter((id: unknown, index): id is string => {
    const isId = typeof id === 'string' && id !== '' && id.length <= PARTNER_ID_LIMIT;
    if (!isId) faults.add(`${path}[${index}]`, `must be a text of 1 to ${PARTNER_ID_LIMIT} characters`);
    return isId;
  });
}
