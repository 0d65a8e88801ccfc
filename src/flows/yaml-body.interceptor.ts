import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { raw } from 'body-parser';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { PayloadTooLargeError, ValidationError } from '../shared/domain-error.js';
import { DefinitionWorkers } from './definition/definition-workers.js';

const YAML_TYPE = /^(?:application|text)\/(?:x-)?yaml *(?:;|$)/i;
const YAML_MAX_BYTES = 400_000;

/** Reads a body of the type `application/yaml` as the JSON that it means. Other bodies are read before. */
@Injectable()
export class YamlBodyInterceptor implements NestInterceptor {
  private readonly reader = raw({ type: () => true, limit: YAML_MAX_BYTES });

  constructor(private readonly workers: DefinitionWorkers) {}

  /** @throws ValidationError, PayloadTooLargeError, RateLimitedError */
  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = execution.switchToHttp();
    const request = http.getRequest<Request>();
    if (!YAML_TYPE.test(request.headers['content-type'] ?? '')) return next.handle();
    const bytes = await this.read(request, http.getResponse<Response>());
    const document = await this.workers.readYaml(request.principal?.org_id ?? '', bytes.toString('utf8'));
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      throw ValidationError.field('body', 'must be a YAML document with fields, such as "name: Refund"');
    request.body = document;
    return next.handle();
  }

  private read(request: Request, response: Response): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.reader(request, response, (error?: unknown) => {
        const { type } = (error ?? {}) as { type?: string };
        if (type === 'entity.too.large') reject(new PayloadTooLargeError(YAML_MAX_BYTES));
        else if (error instanceof Error) reject(ValidationError.field('body', `could not be read: ${error.message}`));
        else resolve(request.body as Buffer);
      });
    });
  }
}
