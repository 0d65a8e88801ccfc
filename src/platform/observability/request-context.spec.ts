import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { Ids } from '../../shared/ids.js';
import { RequestContext, RequestContextMiddleware, type RequestFacts } from './request-context.js';

const context = new RequestContext();

/** What the context of a request holds after its response was closed. */
function factsAfterClose(isFinished: boolean): RequestFacts | undefined {
  const headers: Record<string, string> = { 'x-request-id': 'caller-0001', 'user-agent': 'curl/8' };
  const request = { ip: '192.0.2.7', header: (name: string) => headers[name] } as unknown as Request;
  const response = Object.assign(new EventEmitter(), { setHeader: () => undefined, writableFinished: isFinished });
  let facts: RequestFacts | undefined;
  new RequestContextMiddleware(context, new Ids()).use(request, response as unknown as Response, () => {
    facts = context.current();
  });
  if (facts) facts.spent = () => undefined;
  expect(facts?.client?.()).toEqual({ address: '192.0.2.7', user_agent: 'curl/8' });
  response.emit('close');
  return facts;
}

it('lets go of request and response once the answer was sent: the socket keeps the context until its next request', () => {
  const { request_id, ...others } = factsAfterClose(true) ?? {};
  expect(request_id).toBe('caller-0001');
  expect(others).toEqual({ client: undefined, answer_header: undefined, spent: undefined });
});

it('still knows the client of a request whose caller left before the answer', () => {
  expect(factsAfterClose(false)?.client?.()).toEqual({ address: '192.0.2.7', user_agent: 'curl/8' });
});
