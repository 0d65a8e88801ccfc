/** Text of Chinese characters in no order: 3 bytes each that no compression makes much shorter. The same for the same seed. */
export function incompressible(length: number, seed = 7): string {
  let state = seed;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648);
  return Array.from({ length }, () => String.fromCodePoint(0x4e00 + ((next() >> 8) % 20_000))).join('');
}
