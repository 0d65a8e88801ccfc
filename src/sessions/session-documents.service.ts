import { Injectable } from '@nestjs/common';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import { SessionDocumentsRepository } from './session-documents.repository.js';
import { SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

export interface UploadedFile {
  name: string;
  content_type: string;
  bytes: Buffer;
}

export interface KeptFile {
  file_id: string;
  filename: string;
  content_type: string;
  size: number;
}

/** Documents that are knowledge of one session. */
@Injectable()
export class SessionDocumentsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly documents: SessionDocumentsRepository,
    private readonly ids: Ids,
  ) {}

  /**
   * Keeps text files; the agent looks things up in them from its next turn on.
   * @throws ValidationError naming the first file that is not text; then none is kept.
   */
  async add(org_id: string, session_id: string, files: UploadedFile[]): Promise<KeptFile[]> {
    const documents = files.map(({ name, bytes }) => ({
      file_id: this.ids.next('file'),
      name,
      content: textOf(name, bytes),
    }));
    for (const document of documents) await this.documents.create(org_id, session_id, document);
    if (!(await this.sessions.addDocuments(org_id, session_id, documents.length)))
      throw new SessionNotFoundError(session_id);
    return documents.map(({ file_id, name }, index) => ({
      file_id,
      filename: name,
      content_type: files[index]?.content_type ?? '',
      size: files[index]?.bytes.length ?? 0,
    }));
  }
}

function textOf(name: string, bytes: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\u0000')) return text;
  } catch {
    // Not UTF-8: said below.
  }
  throw ValidationError.field('files', `${name} is not text in UTF-8; text, Markdown, CSV, JSON and HTML can be kept`);
}
