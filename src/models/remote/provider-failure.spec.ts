import { APICallError, JSONParseError } from 'ai';
import { providerFailure } from './provider-failure.js';

const called = { provider: 'openai', model: 'gpt-x' };

function answered(
  statusCode: number,
  changes: Partial<{ responseBody: string; headers: Record<string, string> }> = {},
) {
  const { responseBody = '', headers = {} } = changes;
  const request = { url: 'http://127.0.0.1/v1', requestBodyValues: {} };
  return new APICallError({ ...request, message: 'key sk-secret', statusCode, responseBody, responseHeaders: headers });
}

describe('providerFailure', () => {
  it.each([
    [401, '', 'authentication', false],
    [403, '', 'authentication', false],
    [404, '', 'unknown_model', false],
    [400, 'The provided model identifier is invalid.', 'unknown_model', false],
    [400, '', 'invalid_request', false],
    [408, '', 'timeout', true],
    [409, '', 'outage', true],
    [429, '', 'rate_limit', true],
    [429, '{"error":{"code":"insufficient_quota"}}', 'rate_limit', false],
    [500, '', 'outage', true],
    [529, '', 'outage', true],
  ])('takes a %i %s for %s', (status, responseBody, fault, transient) => {
    expect(providerFailure(answered(status, { responseBody }), called)).toMatchObject({ fault, transient });
  });

  it('repeats the words of the provider only where they tell how to mend the request', () => {
    expect(providerFailure(answered(401), called).message).toBe(
      'The model provider openai refused the key or credentials of the platform',
    );
    expect(providerFailure(answered(400), called).message).toContain('refused the request to gpt-x: key sk-secret');
  });

  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reads %j as %s ms', (headers, ms) => {
    expect(providerFailure(answered(429, { headers }), called).retryAfterMs).toBe(ms);
  });

  it('reads a date as the time until then', () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { retryAfterMs = 0 } = providerFailure(answered(503, { headers: { 'retry-after': date } }), called);
    expect(retryAfterMs).toBeGreaterThan(55_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it('tells an answer that cannot be read from a connection that broke', () => {
    const cause = new JSONParseError({ text: '{', cause: new Error('x') });
    const request = { url: '', requestBodyValues: {}, statusCode: 200, message: 'x' };
    expect(providerFailure(new APICallError({ ...request, cause }), called).fault).toBe('malformed');
    expect(providerFailure(new APICallError({ ...request, cause: new TypeError('terminated') }), called).fault).toBe(
      'outage',
    );
  });
});
