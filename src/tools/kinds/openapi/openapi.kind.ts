import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { WorkerError } from '../../../platform/async/worker-pool.js';
import { OutgoingHttp } from '../../../platform/outgoing/outgoing-http.js';
import { DomainError, ValidationError } from '../../../shared/domain-error.js';
import { problemOfWorker, ToolWorkers } from '../../tool-workers.js';
import { HttpToolKind } from '../http/http.kind.js';
import { addressSchema, chosenOperationsSchema, type ToolCall, ToolKind, type ToolOperation } from '../tool-kind.js';

const DOCUMENT_MAX_BYTES = 5 * 1024 * 1024;
const DOCUMENT_TIMEOUT_MS = 15_000;
/** Files that a document may spread over, and bytes of them together. */
const FILES_MAX = 20;
const FILES_MAX_BYTES = 10 * 1024 * 1024;

const openapiConfigSchema = z
  .strictObject({
    kind: z.literal('openapi'),
    url: addressSchema.optional(),
    document: z.record(z.string(), z.unknown()).optional(),
    /** Replaces the document's first server. */
    server_url: addressSchema.optional(),
    operations: chosenOperationsSchema,
  })
  .refine(({ url, document }) => (url === undefined) !== (document === undefined), 'needs either url or document');

type OpenapiToolConfig = z.infer<typeof openapiConfigSchema>;

/**
 * Operations of an OpenAPI document (JSON or YAML), called as HTTP requests. Files are fetched here, through the guard for
 * outgoing calls and never from disk. They are parsed and checked in a worker process, which names the files that it still needs.
 */
@Injectable()
export class OpenapiToolKind extends ToolKind<OpenapiToolConfig> {
  readonly config_schema = openapiConfigSchema;

  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly workers: ToolWorkers,
    private readonly http: HttpToolKind,
  ) {
    super();
  }

  async discover(
    { name, org_id }: { name: string; org_id: string },
    config: OpenapiToolConfig,
  ): Promise<ToolOperation[]> {
    const { url, document = {}, server_url, operations: wanted } = config;
    const field = url === undefined ? 'config.document' : 'config.url';
    const source = url === undefined ? { document } : { url };
    const files: Record<string, string> = {};
    if (url !== undefined) this.outgoing.check(url);
    try {
      for (;;) {
        const answer = await this.workers.readOpenapi({ tool: name, source, server_url, wanted, files }, org_id);
        if ('problem' in answer) throw ValidationError.field(answer.field, answer.problem);
        if ('operations' in answer) {
          this.outgoing.check(answer.server);
          return answer.operations;
        }
        await this.fetch(answer.missing, files);
      }
    } catch (error) {
      if (error instanceof DomainError) throw error;
      const reason = error instanceof WorkerError ? problemOfWorker(error) : String(error);
      throw ValidationError.field(field, `is not a usable OpenAPI document: ${reason}`);
    }
  }

  call(operation: ToolOperation, input: Record<string, unknown>, call: ToolCall<OpenapiToolConfig>): Promise<unknown> {
    return this.http.call(operation, input, call);
  }

  /** A document may be megabytes, and its operations hold all that calls need. */
  override storedConfig(config: OpenapiToolConfig): OpenapiToolConfig {
    return { ...config, document: undefined };
  }

  /** Adds the fetched texts to `files`. */
  private async fetch(addresses: string[], files: Record<string, string>): Promise<void> {
    for (const url of addresses) {
      if (Object.keys(files).length >= FILES_MAX)
        throw ValidationError.field('config.url', `spans more than ${FILES_MAX} files`);
      const answer = await this.outgoing.request({
        url,
        timeout_ms: DOCUMENT_TIMEOUT_MS,
        max_bytes: DOCUMENT_MAX_BYTES,
      });
      if (answer.status >= 400) throw ValidationError.field('config.url', `returned ${answer.status}`);
      files[url] = answer.text();
      if (Object.values(files).reduce((sum, text) => sum + text.length, 0) > FILES_MAX_BYTES)
        throw ValidationError.field('config.url', 'has files of more than 10 MB in total');
    }
  }
}
