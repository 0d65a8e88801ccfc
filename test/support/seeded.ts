/** A small seeded generator of numbers from 0 to below 1, so that a failing run can be repeated by its seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** FAULT_SEED, or another one each time. */
export function faultSeed(): number {
  return Number(process.env['FAULT_SEED'] ?? Date.now() % 100_000);
}
