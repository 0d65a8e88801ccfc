/** What the processes of `DefinitionWorkers` do. Nothing here has a secret, the network or the database. */
import { CORE_SCHEMA, load } from 'js-yaml';
import { serve } from '../../platform/async/worker-jobs.js';
import { expandedSize } from '../../tools/expanded-size.js';
import { ExpressionError, rendered } from './expressions.js';

/** Values of one document with every alias written out. */
const DOCUMENT_MAX_VALUES = 50_000;
const DOCUMENT_MAX_DEPTH = 60;
const REASON_MAX_CHARACTERS = 300;

export type Rendering = { value: unknown } | { expression: string; reason: string };

export const definitionJobs = {
  render: async () => renderedOrNot,
  read_yaml: async () => readYaml,
};

export default serve(definitionJobs);

function renderedOrNot({ template, context }: { template: unknown; context: Record<string, unknown> }): Rendering {
  try {
    return { value: rendered(template, context) };
  } catch (error) {
    if (error instanceof ExpressionError) return { expression: error.expression, reason: error.reason };
    throw error;
  }
}

/** The JSON of a YAML document, or what is wrong with it. Tags that make anything but JSON values are refused. */
function readYaml(text: string): { json: string } | { problem: string } {
  try {
    const document: unknown = load(text, { schema: CORE_SCHEMA });
    if (expandedSize(document, DOCUMENT_MAX_VALUES, DOCUMENT_MAX_DEPTH) > DOCUMENT_MAX_VALUES)
      return { problem: `has more than ${DOCUMENT_MAX_VALUES} values or ${DOCUMENT_MAX_DEPTH} levels` };
    return { json: JSON.stringify(document ?? null) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `is not valid YAML: ${reason.slice(0, REASON_MAX_CHARACTERS)}` };
  }
}
