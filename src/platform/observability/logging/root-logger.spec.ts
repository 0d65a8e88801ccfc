import { redacted, createRootLogger } from './root-logger.js';
import { parseSettings } from '../../config/load-settings.js';
import { DatabaseError } from '../../../shared/domain-error.js';
import { RequestContext } from '../request-context.js';

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
      stack: expect.stringContaining('root-logger.spec') as unknown,
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

function capture() {
  const lines: string[] = [];
  return { lines, write: (line: string) => void lines.push(line) };
}

const settings = (overrides: Record<string, string> = {}) => parseSettings({ ENVIRONMENT: 'test', ...overrides });

describe('a line', () => {
  it('is JSON with level, time, and the ids of the request that it belongs to', async () => {
    const out = capture();
    const context = new RequestContext();
    const logger = await createRootLogger(settings(), context, out);
    context.run({ request_id: 'req_1', trace_id: 'a'.repeat(32), org_id: 'org', user_id: 'usr' }, () => {
      logger.info({ figure: 3 }, 'hello');
    });
    expect(JSON.parse(out.lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      pid: process.pid,
      hostname: expect.any(String) as unknown,
      request_id: 'req_1',
      trace_id: 'a'.repeat(32),
      org_id: 'org',
      user_id: 'usr',
      figure: 3,
      msg: 'hello',
    });
  });

  it('is written from the level of the setting upwards', async () => {
    const out = capture();
    const logger = await createRootLogger(settings({ LOG_LEVEL: 'WARNING' }), new RequestContext(), out);
    logger.info('no');
    logger.warn('yes');
    expect(out.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['yes']);
  });

  it('holds no secret, in its fields, its text and its errors', async () => {
    const out = capture();
    const logger = await createRootLogger(settings(), new RequestContext(), out);
    logger.info({ a: { b: { c: { password: 'hunter2-1' } } } }, 'with Bearer hunter2-token-2');
    logger.error({ err: Object.assign(new Error('x'), { api_key: 'hunter2-3' }) });
    expect(out.lines.join('')).not.toContain('hunter2');
    expect(out.lines.join('').match(/\[redacted\]/g)).toHaveLength(3);
  });

  it('holds no value of a secret setting, also when a provider repeats it in its words', async () => {
    const out = capture();
    const secrets = {
      OPENAI_API_KEY: 'sk-proj-4711-the-key-itself',
      JWT_SECRET_KEY: 'the signing secret of this test',
      REDIS_URL: 'redis://:the%20redis%20word@localhost',
      NEXUS_ADMIN_PASSWORD: 'the password of the administrator',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    };
    const logger = await createRootLogger(settings(secrets), new RequestContext(), out);
    const said = Object.values(secrets).join(' and ');
    const words = `Incorrect API key provided: ${said}, the redis word`;
    logger.info(words);
    logger.warn({ answer: { text: words } });
    logger.error({ err: new Error(words, { cause: new DatabaseError(words) }) });
    const text = out.lines.join('');
    for (const value of [...Object.values(secrets), 'the redis word']) expect(text).not.toContain(value);
    expect(text).toContain('Incorrect API key provided: [redacted] and [redacted]');
    expect(new DatabaseError(words, { details: { words } })).toMatchObject({
      message: expect.stringContaining('provided: [redacted]') as unknown,
      details: { words: expect.stringContaining('provided: [redacted]') as unknown },
    });
  });

  it('is prose where the setting says pretty', async () => {
    const out = capture();
    const logger = await createRootLogger(settings({ LOG_FORMAT: 'pretty' }), new RequestContext(), out);
    logger.info('hello');
    expect(out.lines.join('')).toMatch(/INFO.*hello/);
    expect(() => JSON.parse(out.lines[0] ?? '') as unknown).toThrow();
  });
});
