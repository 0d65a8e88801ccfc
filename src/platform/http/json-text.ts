import { ValidationError } from '../../shared/domain-error.js';

/** How much a JSON body may contain. Containers are its objects and arrays; values are members of objects and elements of arrays. */
export interface JsonBounds {
  keys: number;
  containers: number;
  values: number;
}

/** Deeper than any schema or document that people write; what a table stores is bounded further, see `validation.pipe.ts`. */
export const DEEPEST_LEVEL = 64;

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts the contents of a body before an object is built from it: one pass over UTF-8 bytes, about 1 ns a byte. Text that is not
 * JSON is only counted; the parser refuses it afterwards.
 * @throws ValidationError when the body has more than 64 levels, or more keys, containers or values than its bounds.
 */
export function assertBounded(bytes: Uint8Array, bounds: JsonBounds): void {
  let [level, keys, containers, commas] = [0, 0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === COLON) keys++;
    else if (byte === COMMA) commas++;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      containers++;
      if (++level > DEEPEST_LEVEL)
        refuse(`must not nest more than ${DEEPEST_LEVEL} levels`, { max_levels: DEEPEST_LEVEL });
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) level--;
  }
  if (keys > bounds.keys) refuse(`must not have more than ${bounds.keys} keys`, { max_keys: bounds.keys });
  if (containers > bounds.containers)
    refuse(`must not have more than ${bounds.containers} objects and arrays`, { max_containers: bounds.containers });
  if (commas + containers > bounds.values)
    refuse(`must not have more than ${bounds.values} values`, { max_values: bounds.values });
}

/** @returns the place of the closing quote, or the last place of a text that has none */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function refuse(reason: string, limit: Record<string, number>): never {
  throw new ValidationError(`The body ${reason}`, { details: { fields: { body: [reason] }, ...limit } });
}

/** Where a text stops being JSON. Line and column count from 1, the offset from 0, all in UTF-16 units. */
export interface JsonFault {
  line: number;
  column: number;
  offset: number;
  expected: string;
  found: string;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^[\da-f]{4}$/i;
const SPACES = [0x20, 0x09, 0x0a, 0x0d];
const LITERALS = ['true', 'false', 'null'];
/** No number needs more characters; a longer one is not searched for its fault. */
const LONGEST_NUMBER = 1_000;

type Expected = 'value' | 'first element' | 'first key' | 'key' | 'colon' | 'next';

const EXPECTATION: Record<Exclude<Expected, 'next'>, string> = {
  value: 'a value',
  'first element': 'a value or ]',
  'first key': 'a key in double quotes or }',
  key: 'a key in double quotes',
  colon: ': after the key',
};

/** Names the first fault of a text that `JSON.parse` refused. Linear and without recursion, so that its cost is bounded too. */
export class JsonFaultFinder {
  private at = 0;
  private readonly open: string[] = [];
  private expected: Expected = 'value';

  private constructor(private readonly text: string) {}

  static find(text: string): JsonFault | undefined {
    return new JsonFaultFinder(text).find();
  }

  private find(): JsonFault | undefined {
    for (;;) {
      while (SPACES.includes(this.text.charCodeAt(this.at))) this.at++;
      const character = this.text.charAt(this.at);
      if (this.expected === 'next' && this.open.length === 0) return character === '' ? undefined : this.fault();
      const reason = this.step(character);
      if (reason !== undefined) return this.fault(reason);
    }
  }

  /** Reads one token. @returns what was expected instead */
  private step(character: string): string | undefined {
    switch (this.expected) {
      case 'next':
        return this.separator(character);
      case 'colon':
        if (character !== ':') return EXPECTATION.colon;
        return this.advance('value');
      case 'first key':
      case 'key':
        if (character === '}' && this.expected === 'first key') return this.close();
        return character === '"' ? (this.string() ?? this.become('colon')) : EXPECTATION[this.expected];
      case 'value':
      case 'first element':
        if (character === ']' && this.expected === 'first element') return this.close();
        return this.value(character);
    }
  }

  private separator(character: string): string | undefined {
    const closing = this.open.at(-1) ?? '';
    if (character === closing) return this.close();
    if (character !== ',') return `, or ${closing}`;
    return this.advance(closing === '}' ? 'key' : 'value');
  }

  private value(character: string): string | undefined {
    if (character === '{' || character === '[') {
      this.open.push(character === '{' ? '}' : ']');
      return this.advance(character === '{' ? 'first key' : 'first element');
    }
    if (character === '"') return this.string() ?? this.become('next');
    const literal = LITERALS.find((word) => this.text.startsWith(word, this.at));
    const length = literal?.length ?? this.numberLength();
    if (length === 0) return EXPECTATION[this.expected as 'value'];
    this.at += length;
    return this.become('next');
  }

  /** @returns 0 where no number stands */
  private numberLength(): number {
    let end = this.at;
    while (end - this.at < LONGEST_NUMBER && /[-+.\deE]/.test(this.text.charAt(end))) end++;
    return NUMBER.test(this.text.slice(this.at, end)) ? end - this.at : 0;
  }

  private string(): string | undefined {
    for (this.at++; ; this.at++) {
      const character = this.text.charAt(this.at);
      if (character === '"') break;
      if (character === '') return 'a closing double quote';
      if (character < ' ') return `the escape \\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      if (character === '\\' && !this.escape()) return 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX';
    }
    this.at++;
    return undefined;
  }

  private escape(): boolean {
    const kind = this.text.charAt(this.at + 1);
    const isLong = kind === 'u' && HEXADECIMAL.test(this.text.slice(this.at + 2, this.at + 6));
    if (!isLong && (kind === '' || !'"\\/bfnrt'.includes(kind))) return false;
    this.at += isLong ? 5 : 1;
    return true;
  }

  private close(): undefined {
    this.open.pop();
    this.advance('next');
  }

  private advance(expected: Expected): undefined {
    this.at++;
    this.become(expected);
  }

  private become(expected: Expected): undefined {
    this.expected = expected;
  }

  private fault(expected = 'the end of the body'): JsonFault {
    const before = this.text.slice(0, this.at);
    const character = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    return {
      line: before.split('\n').length,
      column: this.at - before.lastIndexOf('\n'),
      offset: this.at,
      expected,
      found: this.at < this.text.length ? character : 'the end of the body',
    };
  }
}
