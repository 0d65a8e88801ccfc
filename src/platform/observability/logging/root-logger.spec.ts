import { parseSettings } from '../../config/load-settings.js';
import { RequestContext } from '../../http/request-context.js';
import { createRootLogger } from './root-logger.js';

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

  it('is prose where the setting says pretty', async () => {
    const out = capture();
    const logger = await createRootLogger(settings({ LOG_FORMAT: 'pretty' }), new RequestContext(), out);
    logger.info('hello');
    expect(out.lines.join('')).toMatch(/INFO.*hello/);
    expect(() => JSON.parse(out.lines[0] ?? '') as unknown).toThrow();
  });
});
