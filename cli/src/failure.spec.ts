import { CommanderError } from 'commander';
import { connectionError, errorOf } from '../../sdks/typescript/src/errors.js';
import { CliError, EXIT, exitCodeOf, recordOf, textOf } from './failure.js';

const answer = (status: number, more: object = {}) =>
  errorOf(status, {
    error: { code: 'CODE', message: 'It failed', suggestion: 'Do this.', trace_id: 'req_1', details: {}, ...more },
  });

it.each([
  [400, EXIT.usage],
  [422, EXIT.usage],
  [401, EXIT.denied],
  [403, EXIT.denied],
  [404, EXIT.missing],
  [402, EXIT.failed],
  [409, EXIT.failed],
  [429, EXIT.unavailable],
  [500, EXIT.unavailable],
  [503, EXIT.unavailable],
  [301, EXIT.unavailable],
])('the answer %i of the platform ends with %i', (status, code) => {
  expect(exitCodeOf(answer(status))).toBe(code);
});

it('a record in another state is a failure of the work, not of the input', () => {
  expect(exitCodeOf(answer(400, { code: 'INVALID_STATE' }))).toBe(EXIT.failed);
});

it('what does not come from the platform has its exit code too', () => {
  expect(exitCodeOf(new CommanderError(1, 'commander.unknownOption', ''))).toBe(EXIT.usage);
  expect(exitCodeOf(new CommanderError(0, 'commander.helpDisplayed', ''))).toBe(EXIT.ok);
  expect(exitCodeOf(connectionError(new Error('x')))).toBe(EXIT.unavailable);
  expect(exitCodeOf(new CliError('x', EXIT.denied))).toBe(EXIT.denied);
  expect(exitCodeOf(new Error('x'))).toBe(EXIT.failed);
});

it('an error shows its message, the fields, what to do, and the trace id', () => {
  const details = { fields: { name: ['name is too long', 'name has a line break'], tags: ['too many tags'] } };
  expect(textOf(answer(400, { details }))).toBe(
    'It failed\n  name is too long\n  name has a line break\n  too many tags\nDo this.\nTrace id req_1',
  );
  expect(textOf(answer(404, { suggestion: '' }))).toBe('It failed\nTrace id req_1');
  expect(textOf(answer(401))).toBe('It failed\nDo this. Sign in: nexus login\nTrace id req_1');
  const generic = 'Sign in and send the access token as "Authorization: Bearer <token>".';
  expect(textOf(answer(401, { suggestion: generic }))).toBe('It failed\nSign in: nexus login\nTrace id req_1');
  expect(recordOf(answer(404))).toEqual({
    ...{ code: 'CODE', message: 'It failed', details: {}, suggestion: 'Do this.', trace_id: 'req_1', exit_code: 4 },
  });
});

it('a reason that the message repeats is shown once', () => {
  const details = { fields: { expires_at: ['must be in the future'], name: ['is too long'] } };
  expect(textOf(answer(400, { message: 'expires_at must be in the future', details }))).toBe(
    'expires_at must be in the future\n  is too long\nDo this.\nTrace id req_1',
  );
});

it('a lost connection names its reason, not "fetch failed"', () => {
  const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
  expect(textOf(connectionError(refused))).toBe(
    'The server did not respond: connect ECONNREFUSED 127.0.0.1:1\nCheck the URL, and that the platform is running: nexus doctor',
  );
});
