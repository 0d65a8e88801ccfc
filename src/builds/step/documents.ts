import { z } from 'zod';
import { PATHS } from '../../stages/stage.js';
import { BuildFault, type StepArtifact, type StepContext } from './step.js';

type ArtifactReader = Pick<StepContext, 'artifacts'>;

/**
 * The text of an artifact of an earlier step.
 * @throws BuildFault when it is missing; another attempt would not find it either
 */
export function readText(context: ArtifactReader, path: string): string {
  const content = context.artifacts.get(path);
  if (content === undefined) {
    throw new BuildFault(`${path} is missing: the step that writes it has not run`, {
      details: { path },
      suggestion: 'Restart the build from scratch.',
    });
  }
  return content;
}

/**
 * A JSON artifact of an earlier step.
 * @throws BuildFault naming the path when it is missing or does not fit the schema
 */
export function readDocument<T>(context: ArtifactReader, path: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(path, readText(context, path)));
  if (parsed.success) return parsed.data;
  throw unreadable(path, z.prettifyError(parsed.error), parsed.error);
}

function parseJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw unreadable(path, 'not JSON', error);
  }
}

function unreadable(path: string, reason: string, cause: unknown): BuildFault {
  return new BuildFault(`${path} cannot be read: ${reason}`, {
    details: { path },
    suggestion: 'Restart the build from scratch.',
    cause,
  });
}

/** Bytes of one artifact. It is stored as one DynamoDB item; an item has at most 400 KB. */
export const ARTIFACT_LIMIT_BYTES = 300 * 1024;

/** @throws BuildFault above {@link ARTIFACT_LIMIT_BYTES}; another attempt would write the same */
export function textArtifact(path: string, contentType: string, content: string): StepArtifact {
  const bytes = Buffer.byteLength(content, 'utf8');
  if (bytes > ARTIFACT_LIMIT_BYTES) {
    throw new BuildFault(
      `${path} has ${bytes} bytes, more than the ${ARTIFACT_LIMIT_BYTES} that an artifact may have`,
      {
        details: { path, bytes, limit: ARTIFACT_LIMIT_BYTES },
        suggestion: 'Shorten the requirement.',
      },
    );
  }
  return { path, content_type: contentType, content };
}

export function jsonArtifact(path: string, document: unknown): StepArtifact {
  return textArtifact(path, 'application/json', `${JSON.stringify(document, null, 2)}\n`);
}

export function markdownArtifact(path: string, content: string): StepArtifact {
  return textArtifact(path, 'text/markdown', content);
}

export function toolPath(name: string): string {
  return `${PATHS.tools}${name}.json`;
}

/** A line break inside an item could pass for a heading or a second item. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

export function bulletList(items: readonly string[]): string {
  return items.map((item) => `- ${oneLine(item)}`).join('\n');
}

export function numberedList(items: readonly string[]): string {
  return items.map((item, index) => `${index + 1}. ${oneLine(item)}`).join('\n');
}

/** Empty when there is nothing to list. */
export function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `## ${oneLine(title)}\n\n${bulletList(items)}`;
}

/** Joins the parts with blank lines; empty parts are left out. */
export function markdownOf(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
