import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Server } from 'node:http';
import { request, type IncomingHttpHeaders } from 'node:http';

const TIMEOUT_MS = 3_000;
const MAXIMUM_BYTES = 5_000_000;

export interface SelfAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** The OpenAPI document as the process serves it. */
export type ApiDocument = OpenAPIObject;

/** Calls the running platform over its own port, so that checks see what clients see. */
@Injectable()
export class SelfCalls {
  private document: Promise<ApiDocument> | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  /** The OpenAPI document, fetched once: it cannot change while the process runs. @throws Error when it is not served */
  apiDocument(): Promise<ApiDocument> {
    this.document ??= this.fetchDocument();
    return this.document;
  }

  /** @throws Error when the process does not listen, does not answer within 3 seconds, or answers more than 5 MB */
  ask(
    path: string,
    { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<SelfAnswer> {
    const options = { ...this.target(), path, method, headers, agent: false, timeout: TIMEOUT_MS };
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MAXIMUM_BYTES) response.destroy(new Error('the response is too long'));
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      call.on('timeout', () => call.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} seconds`)));
      call.on('error', reject);
      call.end(body);
    });
  }

  private async fetchDocument(): Promise<ApiDocument> {
    try {
      const { status, text } = await this.ask('/docs-json');
      if (status !== 200) throw new Error(`/docs-json returned ${status}`);
      return JSON.parse(text) as ApiDocument;
    } catch (error) {
      this.document = undefined;
      throw error;
    }
  }

  private target(): { host: string; port: number } {
    const address = (this.host.httpAdapter.getHttpServer() as Server).address();
    if (address === null || typeof address === 'string') throw new Error('the process does not listen on a port');
    const host = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address;
    return { host, port: address.port };
  }
}
