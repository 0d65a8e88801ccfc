/** Forms of secrets that the platform itself issues: keys, refresh tokens, invitations, one-time codes, mailed tokens, challenges, access tokens. */
const FORMS = /\bnx[sriomt]_[\w-]{30,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/g;
/** What a secret without spaces looks like in a text, whatever stands around it. */
const WORDS = /[\w.~+/=-]{8,}/g;
const SHORTEST = 8;

/**
 * Finds secrets in a text by their form and by their value: as they are, as they stand in an address, and in base64.
 * @returns each secret that was found, once
 */
export class SecretSearch {
  private readonly words = new Map<string, string>();
  private readonly phrases = new Map<string, string>();

  constructor(secrets: Iterable<string>) {
    for (const secret of secrets) {
      if (secret.length < SHORTEST) continue;
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
        (isWord(form) ? this.words : this.phrases).set(form, secret);
    }
  }

  /** How many forms of secrets are looked for. */
  get size(): number {
    return this.words.size + this.phrases.size;
  }

  in(text: string): string[] {
    const found = new Set<string>(text.match(FORMS));
    for (const [word] of text.matchAll(WORDS)) {
      const secret = this.words.get(word) ?? this.words.get(word.replace(/[.=]+$/, ''));
      if (secret !== undefined) found.add(secret);
    }
    for (const [phrase, secret] of this.phrases) if (text.includes(phrase)) found.add(secret);
    return [...found];
  }
}

const isWord = (text: string): boolean => new RegExp(`^${WORDS.source}$`).test(text);
