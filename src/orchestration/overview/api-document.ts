import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { SelfCalls } from './self-calls.js';

/** The OpenAPI document as the running process serves it. It cannot change while the process runs, so it is asked for once. */
@Injectable()
export class ApiDocument {
  private document: Promise<OpenAPIObject> | undefined;

  constructor(private readonly self: SelfCalls) {}

  /** @throws Error when the process does not serve it; the next call asks again. */
  read(): Promise<OpenAPIObject> {
    this.document ??= this.ask();
    return this.document;
  }

  private async ask(): Promise<OpenAPIObject> {
    try {
      const { status, text } = await this.self.ask('/docs-json');
      if (status !== 200) throw new Error(`/docs-json answers ${status}`);
      return JSON.parse(text) as OpenAPIObject;
    } catch (error) {
      this.document = undefined;
      throw error;
    }
  }
}
