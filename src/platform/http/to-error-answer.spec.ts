import { BadRequestException, NotFoundException, PayloadTooLargeException } from '@nestjs/common';
import {
  DatabaseUnavailableError,
  DomainError,
  InvalidStateError,
  NotFoundError,
  ValidationError,
} from '../../shared/domain-error.js';
import { toErrorAnswer } from './to-error-answer.js';

class RunFailed extends DomainError {
  override readonly code = 'AGENT_INVOCATION_FAILED';

  constructor(readonly reason: string) {
    super('The run failed');
  }
}

describe('the answer to an error', () => {
  it.each([
    [ValidationError.field('limit', 'must be at least 1'), 400, 'VALIDATION_ERROR'],
    [new InvalidStateError('no'), 400, 'INVALID_STATE'],
    [new NotFoundError('Project', 'proj_1'), 404, 'RESOURCE_NOT_FOUND'],
    [new DatabaseUnavailableError('away'), 503, 'DATABASE_ERROR'],
    [new RunFailed('model'), 500, 'AGENT_INVOCATION_FAILED'],
    [new RunFailed('runtime'), 502, 'AGENT_INVOCATION_FAILED'],
    [new RunFailed('timeout'), 504, 'AGENT_INVOCATION_FAILED'],
    [new NotFoundException('Cannot GET /x'), 404, 'RESOURCE_NOT_FOUND'],
    [new BadRequestException('bad'), 400, 'VALIDATION_ERROR'],
    [new PayloadTooLargeException(), 413, 'PAYLOAD_TOO_LARGE'],
    [
      Object.assign(new Error('too large'), { type: 'entity.too.large', status: 413, limit: 10 }),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      Object.assign(new SyntaxError('Unexpected token'), { type: 'entity.parse.failed', status: 400 }),
      400,
      'VALIDATION_ERROR',
    ],
  ])('of %s has its status and code', (error, status, code) => {
    expect(toErrorAnswer(error)).toMatchObject({ status, code });
  });

  it('says nothing of an unknown failure', () => {
    const answer = toErrorAnswer(new Error('password of the database is hunter2'));
    expect(answer).toMatchObject({
      status: 500,
      code: 'INTERNAL_ERROR',
      message: 'Something went wrong on our side',
      details: {},
    });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it.each([
    [
      'an undecodable path',
      Object.assign(new URIError("Failed to decode param '%'"), { status: 400 }),
      'Check the path: it cannot be decoded.',
    ],
    [
      'a request that only the message describes',
      new BadRequestException('Malformed part header'),
      'Correct the request as the message says and send it again.',
    ],
  ])('to %s suggests nothing that details lack', (_, error, suggestion) => {
    expect(toErrorAnswer(error)).toMatchObject({ status: 400, code: 'VALIDATION_ERROR', details: {}, suggestion });
  });

  it('to a body that cannot be parsed names the body and says so', () => {
    const error = Object.assign(new SyntaxError('Unexpected token'), { type: 'entity.parse.failed', status: 400 });
    expect(toErrorAnswer(error)).toMatchObject({
      details: { fields: { body: ['Unexpected token'] } },
      suggestion: 'Correct the fields listed in details and send the request again.',
    });
  });

  it('names the body when a form has more fields than its route takes', () => {
    expect(toErrorAnswer(new BadRequestException('Too many fields'))).toMatchObject({
      status: 400,
      code: 'VALIDATION_ERROR',
      details: { fields: { body: ['Too many fields'] } },
    });
  });

  it('keeps details and advice, and says when to come back', () => {
    const error = new DatabaseUnavailableError('away', {
      details: { reason: 'throttled' },
      suggestion: 'Retry after the time in Retry-After.',
    });
    expect(toErrorAnswer(error)).toMatchObject({
      details: { reason: 'throttled' },
      suggestion: 'Retry after the time in Retry-After.',
      headers: { 'Retry-After': '2' },
    });
  });
});
