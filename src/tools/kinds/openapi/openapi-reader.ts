import SwaggerParser from '@apidevtools/swagger-parser';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { expandedSize } from '../../expanded-size.js';
import { chosenOperations, type ToolOperation } from '../tool-kind.js';
import { listedOperations, type OpenapiDocument, operationOf, serverOf } from './openapi-operations.js';

/** Values of one document with every alias written out; the largest published ones have a few hundred thousand. */
const DOCUMENT_MAX_VALUES = 1_000_000;
const DOCUMENT_MAX_DEPTH = 200;
/** Operations with their schemas must fit one record with room to spare. */
const DESCRIBED_MAX_BYTES = 1_000_000;
const REASON_MAX_CHARACTERS = 500;

export interface OpenapiRequest {
  /** What the operations are named after. */
  tool: string;
  /** The document itself, or the address of the file to begin with. */
  source: { document: OpenapiDocument } | { url: string };
  server_url: string | undefined;
  /** Ids of the operations to keep; undefined keeps all. */
  wanted: readonly string[] | undefined;
  /** Texts of the files that were read so far, by address. */
  files: Readonly<Record<string, string>>;
}

/** Operations and the server they are called at, files that must be read first, or what is wrong and where. */
export type OpenapiAnswer =
  { operations: ToolOperation[]; server: string } | { missing: string[] } | { field: string; problem: string };

/** Reads an OpenAPI document (JSON or YAML) from the texts of its files. Runs in a process that can be killed. */
export async function readOpenapi(request: OpenapiRequest): Promise<OpenapiAnswer> {
  const { source, files } = request;
  const missing = new Set<string>();
  try {
    const document = await bundled(source, files, missing);
    if (missing.size > 0) return { missing: [...missing] };
    await SwaggerParser.validate(structuredClone(document) as never, {
      resolve: { file: false, http: false, external: false },
    });
    return operationsIn(request, document);
  } catch (error) {
    if (missing.size > 0) return { missing: [...missing] };
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, REASON_MAX_CHARACTERS);
    return {
      field: 'url' in source ? 'config.url' : 'config.document',
      problem: `is not a usable OpenAPI document: ${reason}`,
    };
  }
}

/** Every reference to another file is answered from the texts at hand; what is not there is noted and stands empty meanwhile. */
async function bundled(
  source: OpenapiRequest['source'],
  files: OpenapiRequest['files'],
  missing: Set<string>,
): Promise<OpenapiDocument> {
  const read = ({ url }: { url: string }): unknown => {
    const text = Object.hasOwn(files, url) ? files[url] : undefined;
    if (text === undefined) missing.add(url);
    return text === undefined ? {} : bounded(parsed(text));
  };
  const isRemote = 'url' in source;
  const root = isRemote ? unfixed(source.url) : bounded(source.document);
  return (await SwaggerParser.bundle(root as never, {
    resolve: {
      file: false,
      http: { order: 1, canRead: /^https?:\/\//i, safeUrlResolver: false, read: read as never },
      external: isRemote,
    },
  })) as unknown as OpenapiDocument;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return load(text, { schema: CORE_SCHEMA.withTags(mergeTag) });
  }
}

function bounded<T>(document: T): T {
  if (expandedSize(document, DOCUMENT_MAX_VALUES, DOCUMENT_MAX_DEPTH) > DOCUMENT_MAX_VALUES)
    throw new Error(
      `it has more than ${DOCUMENT_MAX_VALUES} values (aliases expanded) or ${DOCUMENT_MAX_DEPTH} levels`,
    );
  return document;
}

/**
 * The library completes relative servers with the host of the address but forgets its port. It does so for addresses in small
 * letters only; the platform completes them itself.
 */
function unfixed(url: string): string {
  return url.replace(/^https?:/i, (scheme) => scheme.toUpperCase());
}

function operationsIn({ tool, source, server_url, wanted }: OpenapiRequest, document: OpenapiDocument): OpenapiAnswer {
  const server = serverOf(document, { server_url, url: 'url' in source ? source.url : undefined });
  if (server === undefined) return { field: 'config.server_url', problem: 'is required: the document lists no server' };
  const chosen = chosenOperations(listedOperations(document), wanted);
  if ('problem' in chosen) return chosen;
  const operations = chosen.kept.map((listed) => operationOf(tool, document, server, listed));
  if (Buffer.byteLength(JSON.stringify(operations)) > DESCRIBED_MAX_BYTES)
    return { field: 'config.operations', problem: 'must choose fewer: their schemas exceed 1 MB in total' };
  return { server, operations };
}
