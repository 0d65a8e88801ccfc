import type { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';

/** @throws ValidationError that names each wrong field below `field`, never its value. */
export function parsedField<T>(field: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const issue of parsed.error.issues) (fields[[field, ...issue.path].join('.')] ??= []).push(issue.message);
  throw new ValidationError(`The request is not valid: ${Object.keys(fields).join(', ')}`, { details: { fields } });
}
