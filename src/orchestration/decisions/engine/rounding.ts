/** Past this a number has no decimals left to round. */
const WHOLE = 2 ** 53;

/** Rounded half up; keeps order: a ≤ b stays so. */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = value * scale;
  return Math.abs(scaled) < WHOLE ? Math.round(scaled) / scale + 0 : value;
}

/** Figures that a rule compares with a threshold: 0.1 + 0.2 counts as 0.3. */
export const exact = (value: number): number => round(value, 6);
