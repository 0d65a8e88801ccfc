import { type ArgumentsHost, Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { Clock } from '../../shared/clock.js';
import { DatabaseError, DomainError } from '../../shared/domain-error.js';
import { ErrorFilter, type MethodCheck } from './error.filter.js';
import { RequestContext } from '../observability/request-context.js';

const filter = new ErrorFilter(new RequestContext(), new Clock(), {
  refine: (failure: unknown) => failure,
} as unknown as MethodCheck);
const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
afterEach(() => void error.mockClear());

class GivenUpError extends DomainError {
  override readonly code = 'AGENT_INVOCATION_FAILED' as const;
}

/** Lets a request fail. @returns how often that was logged as an error */
function logged(failure: unknown, destroyed: boolean): number {
  const response = { destroyed, headersSent: true, end: () => undefined };
  const http = { getRequest: () => ({ method: 'POST', path: '/invoke' }), getResponse: () => response };
  filter.catch(failure, { switchToHttp: () => http } as unknown as ArgumentsHost);
  return error.mock.calls.length;
}

it('logs a run that failed as an error', () => {
  expect(logged(new GivenUpError('the model failed'), false)).toBe(1);
});

it('does not call it an error that a run ended because its caller has left', () => {
  expect(logged(new GivenUpError('the caller went away'), true)).toBe(0);
});

it.each([new DatabaseError('gone'), new TypeError('a mistake')])('logs %p whoever listens', (failure) => {
  expect(logged(failure, true)).toBe(1);
});
