import { UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ValidationError } from '../shared/domain-error.js';
import type { DocumentSourceDto } from './dto/integration-requests.dto.js';
import type { DocumentOrigin } from './document-source.js';
import { MAX_DOCUMENT_BYTES } from './integration.js';

const FIELDS = 10;
const FIELD_BYTES = 10_000;
const ADDRESS_MAX = 2_000;

/** Takes the document of a form as `file`. */
export const DocumentFile = () =>
  UseInterceptors(
    FileInterceptor('file', {
      limits: { fileSize: MAX_DOCUMENT_BYTES, files: 1, fields: FIELDS, parts: FIELDS + 1, fieldSize: FIELD_BYTES },
    }),
  );

/** @throws ValidationError unless there is exactly one of url, content and file */
export function originOf(source: DocumentSourceDto | undefined, file: Express.Multer.File | undefined): DocumentOrigin {
  const { url, content } = source ?? {};
  const given = [url, content, file].filter((one) => one !== undefined && one !== null).length;
  if (given !== 1) throw ValidationError.field('source', 'needs exactly one of url, content and file');
  if (file) return { bytes: file.buffer };
  if (url !== undefined && url !== null) {
    if (typeof url !== 'string' || url.length > ADDRESS_MAX) throw ValidationError.field('source.url', 'must be a URL');
    return { url };
  }
  if (typeof content !== 'string' && (typeof content !== 'object' || content === null))
    throw ValidationError.field('source.content', 'must be a string or an object');
  return { bytes: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)) };
}
