import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { request, type IncomingHttpHeaders } from 'node:http';

const PATIENCE_MS = 3_000;
const LONGEST_BYTES = 5_000_000;

export interface SelfAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Asks the running platform over its own port, as a client would: what it answers is what clients get. */
@Injectable()
export class SelfCalls {
  constructor(private readonly host: HttpAdapterHost) {}

  /** @throws Error when the process does not listen, or does not answer within 3 seconds. */
  ask(
    path: string,
    { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<SelfAnswer> {
    const options = { ...this.target(), path, method, headers, agent: false, timeout: PATIENCE_MS };
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > LONGEST_BYTES) response.destroy(new Error('the answer is too long'));
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      call.on('timeout', () => call.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} seconds`)));
      call.on('error', reject);
      call.end(body);
    });
  }

  private target(): { host: string; port: number } {
    const address = (this.host.httpAdapter.getHttpServer() as Server).address();
    if (address === null || typeof address === 'string') throw new Error('the process does not listen on a port');
    const host = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address;
    return { host, port: address.port };
  }
}
