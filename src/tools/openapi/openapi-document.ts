import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { WorkerError } from '../../platform/async/worker-pool.js';
import { DomainError, ValidationError } from '../../shared/domain-error.js';
import type { ToolOperation } from '../attached/attached-tool.js';
import type { OpenapiToolConfig } from '../attached/tool-config.js';
import { problemOfWorker } from '../input-check.js';
import { ToolWorkers } from '../tool-workers.js';

const DOCUMENT_MAX_BYTES = 5 * 1024 * 1024;
const DOCUMENT_TIMEOUT_MS = 15_000;
/** Files that a document may spread over, and bytes of them together. */
const FILES_MAX = 20;
const FILES_MAX_BYTES = 10 * 1024 * 1024;

/**
 * Finds the operations of OpenAPI documents (JSON or YAML). Files are fetched here, over the guard for outgoing calls and never
 * from disk; they are parsed and checked in a thread, which names the files that it still needs.
 */
@Injectable()
export class OpenapiDocuments {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly workers: ToolWorkers,
  ) {}

  /** @param tool what the operations are named after @throws ValidationError, OutgoingRefusedError, RateLimitedError */
  async operations(tool: string, config: OpenapiToolConfig): Promise<ToolOperation[]> {
    const { url, document = {}, server_url, operations: wanted } = config;
    const field = url === undefined ? 'config.document' : 'config.url';
    const source = url === undefined ? { document } : { url };
    const files: Record<string, string> = {};
    if (url !== undefined) this.outgoing.check(url);
    try {
      for (;;) {
        const answer = await this.workers.readOpenapi({ tool, source, server_url, wanted, files });
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
      throw ValidationError.field(field, `is no usable OpenAPI document: ${reason}`);
    }
  }

  /** Adds the texts of files to those that were read. */
  private async fetch(addresses: string[], files: Record<string, string>): Promise<void> {
    for (const url of addresses) {
      if (Object.keys(files).length >= FILES_MAX)
        throw ValidationError.field('config.url', `spreads over more than ${FILES_MAX} files`);
      const answer = await this.outgoing.request({
        url,
        timeout_ms: DOCUMENT_TIMEOUT_MS,
        max_bytes: DOCUMENT_MAX_BYTES,
      });
      if (answer.status >= 400) throw ValidationError.field('config.url', `answered ${answer.status}`);
      files[url] = answer.text();
      if (Object.values(files).reduce((sum, text) => sum + text.length, 0) > FILES_MAX_BYTES)
        throw ValidationError.field('config.url', 'has files of more than 10 MB together');
    }
  }
}
