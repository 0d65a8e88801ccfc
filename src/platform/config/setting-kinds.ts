import { z } from 'zod';

/** `true`, `false`, `1` or `0`; undefined when it is not set. */
export const optionalFlag = z
  .enum(['true', 'false', '1', '0'])
  .optional()
  .transform((value) => (value === undefined ? undefined : value === 'true' || value === '1'));

export const flag = (byDefault: boolean) => optionalFlag.transform((value) => value ?? byDefault);

export const integer = (byDefault: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault);
