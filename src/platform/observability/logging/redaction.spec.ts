import { redacted } from './redaction.js';

describe('what is logged', () => {
  it('has no secrets at any depth, whatever their names look like', () => {
    const line = {
      password: 'p4ss',
      headers: { Authorization: 'Bearer abcdefghij', Cookie: 'sid=1', 'x-api-key': 'k', 'X-Request-Id': 'req_1' },
      deep: [{ one: { two: { three: { four: { client_secret: 's', refresh_token: 't', keep: 'me' } } } } }],
    };
    expect(redacted(line)).toEqual({
      password: '[redacted]',
      headers: {
        Authorization: '[redacted]',
        Cookie: '[redacted]',
        'x-api-key': '[redacted]',
        'X-Request-Id': 'req_1',
      },
      deep: [
        { one: { two: { three: { four: { client_secret: '[redacted]', refresh_token: '[redacted]', keep: 'me' } } } } },
      ],
    });
  });

  it('keeps counts of tokens, which are no secrets', () => {
    expect(redacted({ input_tokens: 12, output_tokens: 3, max_token: 5 })).toEqual({
      input_tokens: 12,
      output_tokens: 3,
      max_token: 5,
    });
  });

  it('hides credentials inside texts', () => {
    expect(redacted('sent Authorization: Bearer eyJhbGciOi.abc-def to https://user:pa55@example.com/x')).toBe(
      'sent Authorization: Bearer [redacted] to https://[redacted]@example.com/x',
    );
  });

  it('tells of an error its kind, message, stack and causes, but not what people and models said', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const error = Object.assign(new TypeError('the call failed', { cause }), {
      requestBodyValues: { messages: ['my secret wish'] },
      steps: [{ output: 'an answer' }],
      responseHeaders: { 'set-cookie': 'sid=1' },
    });
    const plain = redacted({ err: error }) as { err: Record<string, unknown> };
    expect(plain.err).toMatchObject({
      type: 'TypeError',
      message: 'the call failed',
      stack: expect.stringContaining('redaction.spec') as unknown,
      cause: { message: 'refused', code: 'ECONNREFUSED' },
      responseHeaders: { 'set-cookie': '[redacted]' },
    });
    expect(JSON.stringify(plain)).not.toMatch(/wish|an answer/);
  });

  it('ends where an object turns back on itself', () => {
    const ring: Record<string, unknown> = {};
    ring['self'] = ring;
    expect(JSON.stringify(redacted(ring))).toContain('[deeper]');
  });
});
