import { SecretValues } from './secret-values.js';

const KEY = 'sk-live-4711-abcdefghij';

describe('secret values', () => {
  let secrets: SecretValues;
  beforeEach(() => {
    secrets = new SecretValues();
    secrets.addSettings([KEY, 'pass/word?"quoted"', 'short']);
    secrets.addStored('stored-credential-1');
  });

  it.each([
    [`Incorrect API key provided: ${KEY}.`, 'Incorrect API key provided: [redacted].'],
    [`${KEY}${KEY}`, '[redacted][redacted]'],
    [`key=${KEY}&other=stored-credential-1`, 'key=[redacted]&other=[redacted]'],
    ['?p=pass%2Fword%3F%22quoted%22', '?p=[redacted]'],
    ['{"p":"pass/word?\\"quoted\\""}', '{"p":"[redacted]"}'],
    ['sk-live-4711-abcdefghi', 'sk-live-4711-abcdefghi'],
    ['a short text', 'a short text'],
    ['', ''],
  ])('masks %s', (text, masked) => {
    expect(secrets.mask(text)).toBe(masked);
  });

  it('masks the longer of two values that begin alike', () => {
    secrets.addSettings(['sk-live-4711']);
    expect(secrets.mask(`a ${KEY} b sk-live-4711 c`)).toBe('a [redacted] b [redacted] c');
  });

  it('masks texts and keys at any depth and leaves other values alone', () => {
    const at = new Date(0);
    expect(secrets.maskDeep({ list: [{ [KEY]: `is ${KEY}` }], count: 3, none: null, at })).toEqual({
      list: [{ '[redacted]': 'is [redacted]' }],
      count: 3,
      none: null,
      at,
    });
  });

  it('keeps settings for ever and forgets the stored credentials used least recently', () => {
    for (let index = 0; index < 5_000; index++) secrets.addStored(`credential-number-${index}`);
    expect(secrets.mask(`${KEY} credential-number-4999 stored-credential-1`)).toBe(
      '[redacted] [redacted] stored-credential-1',
    );
  });

  it('takes time linear in the text, also for a text that begins like a secret everywhere', () => {
    for (let index = 0; index < 1_000; index++) secrets.addStored(`aaaaaaaa${index}-${'b'.repeat(20)}`);
    const time = (length: number): number => {
      const text = 'a'.repeat(length);
      const started = performance.now();
      expect(secrets.mask(text)).toBe(text);
      return performance.now() - started;
    };
    time(1_000);
    expect(time(20_000)).toBeLessThan(5_000);
  });
});
