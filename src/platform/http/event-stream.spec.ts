import { EventEmitter } from 'node:events';
import { jest } from '@jest/globals';
import type { Response } from 'express';
import { sendEventStream } from './event-stream.js';

/** What the stream needs of a response; `closes` is the client going away. */
class FakeResponse extends EventEmitter {
  written: string[] = [];
  closed = false;
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
