import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { Settings } from '../../platform/config/settings.js';
import { WorkerError, WorkerPool } from '../../platform/async/worker-pool.js';
import { RateLimitedError, ValidationError } from '../../shared/domain-error.js';
import type { strengthJobs } from './password-strength.worker.js';

const SHORTEST = 12;
/** bcrypt looks at no more than this: a longer password would be cut without a word. */
const LONGEST_BYTES = 72;
const BCRYPT_SALT_AND_HASH = 53;
/** Decimal logarithm: a million guesses reach the commonest passwords and their variations. */
const FEWEST_GUESSES = 6;
/** The estimate of a longer text takes seconds, and one that is hard to guess this far stays so. */
const JUDGED_CHARACTERS = 40;
const JUDGE_MS = 2_000;
/** Characters that a password has beside the words of its context. */
const FEWEST_OWN_CHARACTERS = 8;
const FEWEST_WORD_CHARACTERS = 3;
/** Words that a guesser tries first on this platform; docs/sign-in.md lists them. */
export const CONTEXT_WORDS = [
  'nexus',
  'agent',
  'agents',
  'platform',
  'control',
  'plane',
  'admin',
  'administrator',
  'operator',
];

/** One for the whole process, with which it ends. Its dictionaries take half a second of CPU time to load, and 120 MB while it waits. */
const judges = new WorkerPool<typeof strengthJobs>({
  module: new URL('./password-strength.worker.js', import.meta.url),
  ...{ processes: 1, waiting_max: 50, heap_mb: 128, idle_ms: 3_000 },
});

/** How passwords are judged, stored and compared. Judging and bcrypt run outside of the event loop, so requests are not held up. */
@Injectable()
export class Passwords {
  private readonly rounds: number;
  /** A hash without a known password, of as many rounds as the others. */
  private readonly nobody: string;

  constructor(settings: Settings) {
    this.rounds = settings.get('NEXUS_BCRYPT_ROUNDS');
    this.nobody = `$2b$${String(this.rounds).padStart(2, '0')}$${'x'.repeat(BCRYPT_SALT_AND_HASH)}`;
  }

  /**
   * @throws ValidationError naming `field` when the password is too short, too long, or easy to guess from lists of passwords,
   *   words and names, from {@link CONTEXT_WORDS}, or from the address; RateLimitedError while too many are judged
   */
  async requireGood(field: string, password: string, email: string): Promise<void> {
    if ([...password].length < SHORTEST)
      throw ValidationError.field(field, `must have at least ${SHORTEST} characters`);
    if (Buffer.byteLength(password) > LONGEST_BYTES)
      throw ValidationError.field(field, `must not be longer than ${LONGEST_BYTES} bytes`);
    if (ownCharacters(password, email) < FEWEST_OWN_CHARACTERS)
      throw ValidationError.field(
        field,
        `must have at least ${FEWEST_OWN_CHARACTERS} characters besides your address and words such as ${CONTEXT_WORDS[0]}`,
      );
    if ((await this.guesses(password, [email, ...email.split(/[@.]/)])) < FEWEST_GUESSES)
      throw ValidationError.field(field, 'is too easy to guess; choose several unrelated words, for example');
  }

  hash(password: string): Promise<string> {
    return bcrypt.hash(password, this.rounds);
  }

  /** Takes as long when there is nothing to compare with, so that time does not tell whether a user exists. */
  async matches(password: string, hash: string | null | undefined): Promise<boolean> {
    const isRight = await bcrypt.compare(password, hash ?? this.nobody);
    return isRight && typeof hash === 'string' && Buffer.byteLength(password) <= LONGEST_BYTES;
  }

  private async guesses(password: string, own: string[]): Promise<number> {
    try {
      const judged = [...password].slice(0, JUDGED_CHARACTERS).join('');
      return await judges.run('guesses', { password: judged, own }, { deadline_ms: JUDGE_MS });
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure === 'busy') throw new RateLimitedError('Too many passwords are being set at the moment', 2);
      // Only what has very many ways to be guessed takes so long: the common ones are found at once.
      if (error.failure === 'time') return Infinity;
      throw error;
    }
  }
}

/** Characters that are left without the words of the platform and of the address. */
function ownCharacters(password: string, email: string): number {
  const words = [...CONTEXT_WORDS, ...email.split(/[^\p{L}\p{N}]+/u)]
    .map((word) => word.toLowerCase())
    .filter(({ length }) => length >= FEWEST_WORD_CHARACTERS)
    .sort((one, other) => other.length - one.length);
  return [...words.reduce((rest, word) => rest.replaceAll(word, ''), password.toLowerCase())].length;
}
