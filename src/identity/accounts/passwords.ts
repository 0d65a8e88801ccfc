import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { Settings } from '../../platform/config/settings.js';
import { ValidationError } from '../../shared/domain-error.js';

const SHORTEST = 12;
/** bcrypt looks at no more than this: a longer password would be cut without a word. */
const LONGEST_BYTES = 72;
const BCRYPT_SALT_AND_HASH = 53;

/** How passwords are judged, stored and compared. bcrypt works on its own threads, so requests are not held up by it. */
@Injectable()
export class Passwords {
  private readonly rounds: number;
  private common: Promise<ReadonlySet<string>> | undefined;
  /** A hash that no password is known for, of as many rounds as the others. */
  private readonly nobody: string;

  constructor(settings: Settings) {
    this.rounds = settings.get('NEXUS_BCRYPT_ROUNDS');
    this.nobody = `$2b$${String(this.rounds).padStart(2, '0')}$${'x'.repeat(BCRYPT_SALT_AND_HASH)}`;
  }

  /** @throws ValidationError naming `field` when the password is too short, too long, or one of the commonest. */
  async requireGood(field: string, password: string, email: string): Promise<void> {
    if ([...password].length < SHORTEST)
      throw ValidationError.field(field, `must have at least ${SHORTEST} characters`);
    if (Buffer.byteLength(password) > LONGEST_BYTES)
      throw ValidationError.field(field, `must not be longer than ${LONGEST_BYTES} bytes`);
    const plain = password.toLowerCase();
    const isOneLetter = new Set(plain).size === 1;
    if (isOneLetter || plain === email || (await this.commonOnes()).has(plain))
      throw ValidationError.field(field, 'is too easy to guess; choose one that nobody else would');
  }

  hash(password: string): Promise<string> {
    return bcrypt.hash(password, this.rounds);
  }

  /** Takes as long when there is nothing to compare with, so that time does not tell whether a user exists. */
  async matches(password: string, hash: string | null | undefined): Promise<boolean> {
    const isRight = await bcrypt.compare(password, hash ?? this.nobody);
    return isRight && typeof hash === 'string' && Buffer.byteLength(password) <= LONGEST_BYTES;
  }

  /** Read when the first password is set: most processes never need the list. */
  private commonOnes(): Promise<ReadonlySet<string>> {
    this.common ??= import('@zxcvbn-ts/language-common').then(
      ({ dictionary }) => new Set(dictionary['passwords-common'].filter(({ length }) => length >= SHORTEST)),
    );
    return this.common;
  }
}
