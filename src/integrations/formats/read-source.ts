import type { Catalogue, FormatName } from '../catalogue/operation.js';
import { AsyncapiFormat } from './asyncapi.format.js';
import { GraphqlFormat } from './graphql.format.js';
import { OpenapiFormat } from './openapi.format.js';
import { PostmanFormat } from './postman.format.js';
import { isRecord, type Missing, type SourceFormat } from './source-format.js';
import { DocumentFaults, fault, located, parseDocument } from './source-text.js';

/** Every format, in the order in which a document is tried. */
const SOURCE_FORMATS: readonly SourceFormat[] = [
  new OpenapiFormat(),
  new AsyncapiFormat(),
  new PostmanFormat(),
  new GraphqlFormat(),
];

export interface ReadRequest {
  text: string;
  format: FormatName | 'auto';
  url: string | undefined;
  files: Readonly<Record<string, string>>;
}

/** The catalogue of a document, or the files that must be fetched first. @throws DocumentFaults */
export async function readSource({ text: given, format, url, files }: ReadRequest): Promise<Catalogue | Missing> {
  const text = given.startsWith('\uFEFF') ? given.slice(1) : given;
  if (text.trim() === '') throw new DocumentFaults([{ pointer: '', line: 1, column: 1, message: 'is empty' }]);
  const looksLikeSdl = new GraphqlFormat().detects({ text, document: undefined });
  let document: unknown;
  if (format !== 'graphql' || !looksLikeSdl)
    try {
      document = parseDocument(text);
    } catch (error) {
      if (!looksLikeSdl || format !== 'auto') throw error;
    }
  const chosen = SOURCE_FORMATS.find((one) =>
    format === 'auto' ? one.detects({ text, document }) : one.name === format,
  );
  if (!chosen)
    throw located(text, [
      fault('', 'is not OpenAPI, Postman, GraphQL or AsyncAPI: set the format, or correct the document'),
    ]);
  if (!isRecord(document) && chosen.name !== 'graphql') throw located(text, [fault('', 'must be an object')]);
  const read = await chosen.read({ text, document, url, files });
  if (!('missing' in read) && read.operations.length === 0) throw located(text, [fault('', 'describes no operation')]);
  return read;
}
