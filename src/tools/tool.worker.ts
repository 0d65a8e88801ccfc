/** What the processes of `ToolWorkers` do. Nothing here has a secret, the network or the database. */
import { serve } from '../platform/async/worker-jobs.js';
import { boundedOutput, ToolError } from './tool.js';

export interface ToolTask {
  name: string;
  input: unknown;
  /** What the tool takes as the present moment, in milliseconds since 1970. */
  now_ms: number;
  /** Documents to search, by the keys of their indexes; set for the tool that searches them. */
  documents?: readonly { name: string; key: string }[];
}

/** `missing` names documents whose indexes this process does not hold. */
export type ToolAnswer = { output: unknown } | { tool_error: string } | { missing: string[] };

export const toolJobs = {
  run_tool: async () => {
    const { builtinTools } = await import('./kinds/builtin/index.js');
    const { documentIndexes } = await import('../platform/search/document-index.js');
    const byName = new Map(builtinTools.map((tool) => [tool.name, tool]));
    return async ({ name, input, now_ms, documents = [] }: ToolTask): Promise<ToolAnswer> => {
      const missing = documents.flatMap(({ key }) => (documentIndexes.has(key) ? [] : [key]));
      if (missing.length > 0) return { missing };
      const knowledge = documents.flatMap(({ name, key }) => {
        const index = documentIndexes.get(key);
        return index ? [{ name, index }] : [];
      });
      try {
        const tool = byName.get(name);
        if (!tool) throw new ToolError(`There is no tool "${name}".`);
        const output = await tool.execute(input, { knowledge, now: () => new Date(now_ms) });
        return { output: boundedOutput(output) };
      } catch (error) {
        if (error instanceof ToolError) return { tool_error: error.message };
        return { tool_error: `${name} failed: ${error instanceof Error ? error.message : String(error)}` };
      }
    };
  },
  index_document: async () => {
    const { documentIndexes, indexDocument } = await import('../platform/search/document-index.js');
    return ({ key, content }: { key: string; content: string }): void => {
      documentIndexes.set(key, indexDocument(content), { size: content.length + 1 });
    };
  },
  input_problem: async () => {
    const { inputProblem } = await import('./schema-check.js');
    return ({ schema, input }: { schema: string; input: unknown }) => inputProblem(schema, input);
  },
  schema_problem: async () => {
    const { schemaProblem } = await import('./schema-check.js');
    return (schema: string) => schemaProblem(schema);
  },
  read_openapi: async () => {
    const { readOpenapi } = await import('./kinds/openapi/openapi-reader.js');
    return readOpenapi;
  },
};

export default serve(toolJobs);
