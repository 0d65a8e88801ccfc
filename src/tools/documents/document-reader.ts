import { Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { WorkerError, WorkerPool } from '../../platform/async/worker-pool.js';
import { RateLimitedError, ValidationError } from '../../shared/domain-error.js';
import type { documentJobs, DocumentKind } from './document.worker.js';

/** CPU time and JavaScript heap of a process that reads a document. */
const BOUNDS = { deadline_ms: 60_000, heap_mb: 512 };

export interface UploadedDocument {
  name: string;
  content_type: string;
  bytes: Buffer;
}

/**
 * Reads documents that people upload as text: text and Markdown as they are, PDF, DOCX and HTML as Markdown with a form feed
 * between pages. Foreign formats are read in processes that can be killed: 60 seconds of CPU time, 512 MB, 2,000 pages, 50 MB
 * unpacked, 5,000,000 characters.
 */
@Injectable()
export class DocumentReader implements OnApplicationShutdown {
  private readonly workers: WorkerPool<typeof documentJobs>;

  constructor(@Optional() private readonly bounds: typeof BOUNDS = BOUNDS) {
    this.workers = new WorkerPool<typeof documentJobs>({
      module: new URL('./document.worker.js', import.meta.url),
      ...{ processes: 2, tenant_processes: 1, waiting_max: 20, heap_mb: bounds.heap_mb },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.workers.close();
  }

  /** @throws ValidationError that names the file and what is wrong with it; RateLimitedError when too many documents wait */
  async read(org_id: string, document: UploadedDocument): Promise<string> {
    const kind = kindOf(document);
    if (kind === undefined) return plainText(document);
    const { name, bytes } = document;
    const options = { deadline_ms: this.bounds.deadline_ms, tenant: org_id };
    const read = await this.workers.run('extract', { kind, bytes }, options).catch((error: unknown) => {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure === 'busy') throw new RateLimitedError('Too many documents are being read', 5);
      return { fault: `cannot be read: ${error.message}` };
    });
    if ('fault' in read) throw ValidationError.field('files', `${name} ${read.fault}`);
    return read.text;
  }
}

const HTML = /^\s*(?:<!doctype html|<html[\s>])/i;

/** By what the bytes say, not by the name: browsers guess the type from the name too. */
function kindOf({ name, content_type, bytes }: UploadedDocument): DocumentKind | undefined {
  const head = bytes.subarray(0, 1_024).toString('latin1');
  if (head.includes('%PDF-')) return 'pdf';
  if (head.startsWith('PK\u0003\u0004')) return 'docx';
  const isNamedHtml = content_type.startsWith('text/html') || /\.x?html?$/i.test(name);
  return isNamedHtml || HTML.test(head.replace(/^\u00ef\u00bb\u00bf/, '')) ? 'html' : undefined;
}

function plainText({ name, bytes }: UploadedDocument): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\u0000')) return text;
  } catch {
    // Not UTF-8: refused below.
  }
  throw ValidationError.field(
    'files',
    `${name} is not text in UTF-8; text, Markdown, CSV, JSON, HTML, PDF and DOCX are supported`,
  );
}
