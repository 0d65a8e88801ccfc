import { createHash } from 'node:crypto';

/** The state of a generator: four words of 32 bits, not all zero. */
export type Seed = Uint32Array;

/** The seed that belongs to a text (the canonical context) and the caller's own number. */
export function seedOf(text: string, seed: number): Seed {
  const digest = createHash('sha256').update(`${seed}\n`).update(text).digest();
  const words = Uint32Array.from({ length: 4 }, (_, index) => digest.readUInt32LE(index * 4));
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}

/**
 * Fills `target` (of even length) with draws of the standard normal distribution, always the same for one seed.
 * Generator: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it, public domain). Transformation: Box and Muller
 * (1958), which needs no table and takes two uniform draws for two normal ones.
 */
export function fillNormal(target: Float64Array, seed: Seed): void {
  let [a = 1, b = 0, c = 0, d = 0] = seed;
  const uniform = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    // Half a step off, so that it is never 0, whose logarithm does not exist.
    return (result + 0.5) / 2 ** 32;
  };
  for (let index = 0; index < target.length; index += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    target[index] = radius * Math.cos(angle);
    target[index + 1] = radius * Math.sin(angle);
  }
}
