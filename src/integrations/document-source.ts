import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { sha256 } from '../platform/async/hash.js';
import { OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../platform/outgoing/outgoing.errors.js';
import { PayloadTooLargeError, ValidationError } from '../shared/domain-error.js';
import { CatalogueWorkers } from './catalogue-workers.js';
import type { FormatName } from './catalogue/operation.js';
import { MAX_DOCUMENT_BYTES, type Summary } from './integration.js';
import { DocumentInvalidError } from './integrations.errors.js';

const compress = promisify<Uint8Array, { level: number }, Buffer>(gzip);

const FETCH_TIMEOUT_MS = 30_000;
/** Files that a document may spread over. */
const FILES_MAX = 50;

/** Where a document comes from: an address, or its content, which may bring its former address and the files that it refers to. */
export type DocumentOrigin =
  { url: string } | { bytes: Uint8Array; source_url?: string | null; files?: Record<string, string> };

export interface FetchedDocument {
  /** Compressed. */
  document: Uint8Array;
  files: Record<string, string>;
  source_url: string | null;
  document_hash: string;
  document_bytes: number;
}

export interface ReadDocument {
  /** Compressed. */
  catalogue: Uint8Array;
  summary: Summary;
}

/** Fetches documents through the guard for outgoing calls and has them read in a worker process. */
@Injectable()
export class DocumentSource {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly workers: CatalogueWorkers,
  ) {}

  /** @throws ValidationError, OutgoingRefusedError, PayloadTooLargeError beyond 25 MB */
  async fetch(origin: DocumentOrigin, signal?: AbortSignal): Promise<FetchedDocument> {
    const bytes = 'bytes' in origin ? origin.bytes : await this.get(origin.url, MAX_DOCUMENT_BYTES, signal);
    if (bytes.byteLength > MAX_DOCUMENT_BYTES) throw new PayloadTooLargeError(MAX_DOCUMENT_BYTES, bytes.byteLength);
    const isSent = 'bytes' in origin;
    return {
      document: await compress(bytes, { level: 6 }),
      files: isSent ? { ...origin.files } : {},
      source_url: isSent ? (origin.source_url ?? null) : origin.url,
      document_hash: await sha256(bytes),
      document_bytes: bytes.byteLength,
    };
  }

  /**
   * The catalogue of a document. Files that it refers to are fetched and added to `fetched.files`.
   * @throws DocumentInvalidError with every fault, ValidationError when a file cannot be fetched
   */
  async read(fetched: FetchedDocument, format: FormatName | 'auto', signal?: AbortSignal): Promise<ReadDocument> {
    for (;;) {
      const { document, files, source_url } = fetched;
      const answer = await this.workers.read({ document, format, url: source_url ?? undefined, files }, signal);
      if ('catalogue' in answer) return answer;
      if ('faults' in answer) throw new DocumentInvalidError(answer.faults, answer.total);
      await this.fetchFiles(answer.missing, files, signal);
    }
  }

  private async fetchFiles(addresses: string[], files: Record<string, string>, signal?: AbortSignal): Promise<void> {
    for (const url of addresses) {
      if (Object.keys(files).length >= FILES_MAX)
        throw ValidationError.field('source', `spans more than ${FILES_MAX} files`);
      const used = Object.values(files).reduce((sum, text) => sum + text.length, 0);
      if (used >= MAX_DOCUMENT_BYTES)
        throw ValidationError.field('source', 'refers to files of more than 25 MB in total');
      files[url] = Buffer.from(await this.get(url, MAX_DOCUMENT_BYTES - used, signal)).toString('utf8');
    }
  }

  private async get(url: string, max_bytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      const headers = { accept: 'application/json, application/yaml, text/*;q=0.9, */*;q=0.5' };
      const answer = await this.outgoing.request({
        ...{ url, headers, timeout_ms: FETCH_TIMEOUT_MS, max_bytes },
        ...(signal ? { signal } : {}),
      });
      if (answer.status >= 300)
        throw ValidationError.field('source.url', `returned ${answer.status}: ${url.slice(0, 200)}`);
      return answer.body;
    } catch (error) {
      if (error instanceof OutgoingRefusedError)
        throw ValidationError.field('source.url', `${error.message.replace(/^url /, '')}: ${url.slice(0, 200)}`);
      if (!(error instanceof OutgoingFailedError)) throw error;
      if (error.reason === 'too_large') throw new PayloadTooLargeError(MAX_DOCUMENT_BYTES);
      throw ValidationError.field('source.url', `could not be fetched (${error.reason}): ${url.slice(0, 200)}`);
    }
  }
}
