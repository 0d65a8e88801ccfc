import type { CodeTool } from '../../../tools/tool-definition.js';
import { PATHS } from '../artifact-paths.js';
import { readDocument } from '../read-document.js';
import type { StageContext } from '../stage-runner.js';
import { type WrittenTool, writtenToolsSchema } from './tool-developer.schema.js';

/** The tools that this build wrote; most builds write none. */
export function writtenTools(context: Pick<StageContext, 'artifacts'>): WrittenTool[] {
  if (!context.artifacts.has(PATHS.writtenTools)) return [];
  return readDocument(context, PATHS.writtenTools, writtenToolsSchema).tools;
}

export const codeOf = (written: readonly WrittenTool[]): CodeTool[] => written.map(({ tool }) => tool);
