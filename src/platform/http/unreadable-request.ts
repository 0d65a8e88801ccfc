import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const ANSWERS: Readonly<Record<string, [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time'],
};
const MALFORMED: [string, string] = ['400 Bad Request', 'The request is not valid HTTP'];

/** What Node's parser refuses never reaches a route: it is answered here, in the error envelope all the same. */
export function answerUnreadableRequests(server: Server, requestId: () => string, now: () => string): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, message] = ANSWERS[error.code ?? ''] ?? MALFORMED;
    const request_id = requestId();
    const body = JSON.stringify({
      success: false,
      error: {
        code: 'VALIDATION_ERROR',
        message,
        details: {},
        suggestion: 'Send a well-formed request with small headers.',
        trace_id: request_id,
      },
      timestamp: now(),
      request_id,
    });
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `X-Request-Id: ${request_id}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}
