import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { load } from 'js-yaml';
import type { DocumentFault } from '../catalogue/operation.js';
import { readSource } from './read-source.js';
import { DocumentFaults } from './source-text.js';

const DOCUMENTS = new URL('../../../test/apis/documents/', import.meta.url);
const RUNS = 50;

type Outcome = 'read' | DocumentFault[];

async function outcomeOf(text: string): Promise<Outcome> {
  try {
    await readSource({ text, format: 'auto', url: undefined, files: {} });
    return 'read';
  } catch (error) {
    // Anything else would be answered as a fault of the platform.
    if (error instanceof DocumentFaults) return error.faults;
    throw error;
  }
}

function expectPlaces(outcome: Outcome): void {
  if (outcome === 'read') return;
  expect(outcome.length).toBeGreaterThan(0);
  for (const { pointer, line, message } of outcome) {
    expect(pointer === '' || pointer.startsWith('/')).toBe(true);
    expect(line === null || line >= 1).toBe(true);
    expect(message).not.toBe('');
  }
}

/** Steps to every value below a document. */
function placesIn(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, child]) => placesIn(child, [...at, key]))];
}

const WRONG: unknown[] = [null, 7, 'text', [], {}, true, -1, '', { $ref: '#/nowhere' }, { $ref: '#' }, [[[]]]];

/** A document with one value removed or replaced. */
function changed(document: unknown, steps: readonly string[], wrong: unknown, remove: boolean): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  let holder = copy;
  for (const step of steps.slice(0, -1)) holder = holder[step] as Record<string, unknown>;
  const last = steps.at(-1);
  if (last === undefined) return wrong;
  if (remove) delete holder[last];
  else holder[last] = wrong;
  return copy;
}

const names = readdirSync(DOCUMENTS);
const textOf = (name: string): string => readFileSync(new URL(name, DOCUMENTS), 'utf8');

describe('documents that are broken in fifty ways', () => {
  it.each(names.filter((name) => !name.endsWith('.graphql')))(
    '%s: values of the wrong kind, or missing',
    async (name) => {
      const document: unknown = load(textOf(name));
      const places = placesIn(document);
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...places),
          fc.constantFrom(...WRONG),
          fc.boolean(),
          async (steps, wrong, remove) => {
            const outcome = await outcomeOf(JSON.stringify(changed(document, steps, wrong, remove), null, 1) ?? '');
            expectPlaces(outcome);
            if (outcome !== 'read') refused++;
          },
        ),
        { numRuns: RUNS },
      );
      expect(refused).toBeGreaterThan(0);
    },
  );

  it.each(names)('%s: characters removed, repeated or put in', async (name) => {
    const text = textOf(name);
    const piece = fc.constantFrom('', '{', '}', '[', '"', ':', '\t', '&a', '*a', '\u0000', '---\n', '$ref', '\ud800');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(200), piece, async (start, length, put) => {
        expectPlaces(await outcomeOf(text.slice(0, start) + put + text.slice(start + length)));
      }),
      { numRuns: RUNS },
    );
  });

  it.each(names)('%s: cut off', async (name) => {
    const text = textOf(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), async (end) => expectPlaces(await outcomeOf(text.slice(0, end)))),
      { numRuns: RUNS },
    );
  });
});
