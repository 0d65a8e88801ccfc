import type { Request, Response } from 'express';

/** Aborted when the caller goes away before the answer was sent. */
export function callerSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('The caller went away'));
  });
  return controller.signal;
}

/** Whether the caller asks for Server-Sent Events. */
export function wantsEventStream(request: Request): boolean {
  return request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}
