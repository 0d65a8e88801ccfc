import { z } from 'zod';
import { BuildFault } from './build-fault.js';
import type { StageContext } from './stage-runner.js';

type ArtifactReader = Pick<StageContext, 'artifacts'>;

/** The text of an artifact of an earlier step. Throws {@link BuildFault} when it is missing: another attempt cannot find it either. */
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

/** A JSON artifact of an earlier step as its schema describes it. Throws {@link BuildFault} naming the path. */
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
