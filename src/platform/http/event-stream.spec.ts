import { EventEmitter } from 'node:events';
import { jest } from '@jest/globals';
import type { Response } from 'express';
import { DatabaseUnavailableError, UnauthenticatedError } from '../../shared/domain-error.js';
import { sendEventStream } from './event-stream.js';

/** What the stream needs of a response; `closes` is the client going away. */
class FakeResponse extends EventEmitter {
  written: string[] = [];
  closed = false;
  writableEnded = false;
  req: { recheck?: () => Promise<void> } = {};
  status = () => this;
  set = () => this;
  flushHeaders = () => undefined;
  end = () => this;
  write = (text: string) => this.written.push(text) > 0;
}

const silence: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
};

afterEach(() => jest.useRealTimers());

it('an idle stream says every 15 seconds that it lives, until the client goes away', async () => {
  jest.useFakeTimers();
  const response = new FakeResponse();
  const sent = sendEventStream(response as unknown as Response, silence);
  await jest.advanceTimersByTimeAsync(14_999);
  expect(response.written).toEqual([]);
  await jest.advanceTimersByTimeAsync(30_001);
  expect(response.written).toEqual([': heartbeat\n\n', ': heartbeat\n\n', ': heartbeat\n\n']);
  response.emit('close');
  await sent;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(response.written).toHaveLength(3);
});

it('ends with an error event within a second of the end of the sign-in, and stops its source', async () => {
  jest.useFakeTimers();
  const response = new FakeResponse();
  const recheck = jest.fn<() => Promise<void>>().mockResolvedValue(undefined);
  response.req = { recheck };
  const stopped = jest.fn(async () => ({ done: true as const, value: undefined }));
  const source = { next: () => new Promise<never>(() => undefined), return: stopped };
  const sent = sendEventStream(response as unknown as Response, { [Symbol.asyncIterator]: () => source });
  await jest.advanceTimersByTimeAsync(3_000);
  recheck.mockRejectedValue(new DatabaseUnavailableError('away'));
  await jest.advanceTimersByTimeAsync(3_000);
  expect([response.written, stopped.mock.calls]).toEqual([[], []]);
  recheck.mockRejectedValue(new UnauthenticatedError('The token is no longer valid'));
  await jest.advanceTimersByTimeAsync(1_000);
  await sent;
  expect(response.written).toEqual([
    'event: error\ndata: {"code":"UNAUTHENTICATED","message":"The token is no longer valid","details":{},"suggestion":"Sign in again."}\n\n',
  ]);
  expect(stopped).toHaveBeenCalledTimes(1);
});

describe('a source that fails', () => {
  async function* failing() {
    yield { id: '1', data: 'first' };
    throw new DatabaseUnavailableError('The database is away');
  }
  const FIRST = 'id: 1\ndata: "first"\n\n';

  it('ends the stream of a protocol with its error event', async () => {
    const response = new FakeResponse();
    const sent = sendEventStream(response as unknown as Response, failing(), ({ code, message }) => ({
      data: { type: 'RUN_ERROR', code, message },
    }));
    await expect(sent).rejects.toThrow('The database is away');
    const last = 'data: {"type":"RUN_ERROR","code":"DATABASE_ERROR","message":"The database is away"}\n\n';
    expect(response.written).toEqual([FIRST, last]);
  });

  it('ends any other stream without an event, so that its client resumes', async () => {
    const response = new FakeResponse();
    await expect(sendEventStream(response as unknown as Response, failing())).rejects.toThrow('The database is away');
    expect(response.written).toEqual([FIRST]);
  });
});
