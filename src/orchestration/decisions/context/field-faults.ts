import { ValidationError } from '../../../shared/domain-error.js';

/** Longer paths are cut: they come from the caller. */
const PATH_LIMIT = 200;
/** So many are named; whoever has more has another problem. */
const NAMED_LIMIT = 50;

/** Collects what is wrong with a body, field by field, to tell all of it at once. */
export class FieldFaults {
  private readonly fields = new Map<string, string[]>();

  add(path: string, reason: string): void {
    const field = path.length > PATH_LIMIT ? `${path.slice(0, PATH_LIMIT)}…` : path;
    if (this.fields.size < NAMED_LIMIT) this.fields.set(field, [...(this.fields.get(field) ?? []), reason]);
  }

  /** @throws ValidationError naming every field with its reasons, when there is any. */
  throwIfAny(): void {
    const [first] = this.fields;
    if (!first) return;
    const [field, [reason]] = first;
    const message =
      this.fields.size === 1
        ? `${field} ${reason ?? 'is not valid'}`
        : `The request is not valid: ${[...this.fields.keys()].join(', ')}`;
    throw new ValidationError(message, { details: { fields: Object.fromEntries(this.fields) } });
  }
}
