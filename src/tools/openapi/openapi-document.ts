import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { DomainError, ValidationError } from '../../shared/domain-error.js';
import type { OpenapiToolConfig } from '../attached/tool-config.js';

export type OpenapiDocument = Record<string, unknown>;

const DOCUMENT_MAX_BYTES = 5 * 1024 * 1024;
const DOCUMENT_TIMEOUT_MS = 15_000;
/** Files that a document may spread over. */
const FILES_MAX = 20;

/** Reads OpenAPI documents (JSON or YAML), with references to other files over the guard for outgoing calls; never from disk. */
@Injectable()
export class OpenapiDocuments {
  constructor(private readonly outgoing: OutgoingHttp) {}

  /** The checked document with all references inside it. @throws ValidationError naming what is wrong with the document */
  async load({ url, document }: OpenapiToolConfig): Promise<OpenapiDocument> {
    const { default: SwaggerParser } = await import('@apidevtools/swagger-parser');
    if (url !== undefined) this.outgoing.check(url);
    try {
      const bundled = (await SwaggerParser.bundle(
        (url === undefined ? structuredClone(document) : unfixed(url)) as never,
        {
          resolve: { file: false, http: this.reader(), external: url !== undefined },
        },
      )) as unknown as OpenapiDocument;
      const copy = structuredClone(bundled);
      await SwaggerParser.validate(copy as never, { resolve: { file: false, http: false, external: false } });
      return bundled;
    } catch (error) {
      if (error instanceof DomainError) throw error;
      const reason = error instanceof Error ? error.message.slice(0, 500) : String(error);
      throw ValidationError.field(
        url === undefined ? 'config.document' : 'config.url',
        `is no usable OpenAPI document: ${reason}`,
      );
    }
  }

  private reader() {
    let files = 0;
    const read = async (file: { url: string }): Promise<Buffer> => {
      if (++files > FILES_MAX) throw ValidationError.field('config.url', `spreads over more than ${FILES_MAX} files`);
      const answer = await this.outgoing.request({
        url: file.url,
        timeout_ms: DOCUMENT_TIMEOUT_MS,
        max_bytes: DOCUMENT_MAX_BYTES,
      });
      if (answer.status >= 400) throw ValidationError.field('config.url', `answered ${answer.status}`);
      return Buffer.from(answer.body);
    };
    return { order: 1, canRead: /^https?:\/\//i, safeUrlResolver: false, read };
  }
}

/**
 * The library completes relative servers with the host of the address but forgets its port. It does so for addresses in small
 * letters only; the platform completes them itself.
 */
function unfixed(url: string): string {
  return url.replace(/^https?:/i, (scheme) => scheme.toUpperCase());
}
