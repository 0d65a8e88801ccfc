import { secretValues } from '../shared/secret-values.js';
import { z } from 'zod';
import type { DocumentIndex } from '../platform/search/document-index.js';

/** A document that `knowledge_lookup` may search. */
export interface ToolDocument {
  name: string;
  content: string;
}

/** What a tool may know about the run that calls it. */
export interface ToolContext {
  /** Whose share of the worker processes a call uses; undefined where one organization has them all. */
  org_id?: string;
  /** Documents of the agent and of the session. */
  knowledge: readonly ToolDocument[];
  now: () => Date;
  /** Ends calls when the run ends. */
  signal?: AbortSignal;
}

/** The run that asks for tools. */
export interface ToolRun extends ToolContext {
  org_id: string;
  /** `<project_id>:<name>`; tools attached to the agent and to its project are included. */
  agent_id: string;
  /** How many flows stand above the run; absent: none. */
  depth?: number;
  /** Which of the attached tools are offered; absent: all. */
  attached?: (tool: { tool_id: string; name: string }) => boolean;
}

/** What a tool sees while it runs, in a process that has nothing else of the run. */
export interface ToolSight {
  knowledge: readonly { name: string; index: DocumentIndex }[];
  now: () => Date;
}

/** `expected` is contained in the output for `input`; tests hold every example to it, and builds show them. */
export interface ToolExample {
  input: Record<string, unknown>;
  expected: Record<string, unknown>;
}

/** Something that an agent can call. */
export interface Tool {
  readonly name: string;
  readonly display_name: string;
  readonly description: string;
  readonly schema: z.ZodType;
  /** The same schema as JSON Schema, for artifacts and for other runtimes. */
  readonly input_schema: Record<string, unknown>;
  readonly examples: readonly ToolExample[];
  readonly keywords: readonly string[];
  /** Whether it is given the documents of the run. */
  readonly searches_documents: boolean;
  /** Whether any such input takes microseconds at most: it is run without a worker process. */
  isQuick(input: unknown): boolean;
  /** Whether a requirement in plain language asks for something that this tool does. */
  matches(requirementText: string): boolean;
  /** Throws {@link ToolError} with a message for the model. */
  execute(input: unknown, sight: ToolSight): Promise<unknown>;
}

/** A tool could not do what it was asked. The message goes to the model, which can mend its input or tell the user; secret values in it are masked. */
export class ToolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(secretValues.mask(message), options);
    this.name = 'ToolError';
  }
}

/** A service answered with a status from 400 on. */
export class ServiceAnswerError extends ToolError {
  /** @param retry_after_ms the pause that the service asked for, if it did */
  constructor(
    message: string,
    readonly status: number,
    readonly retry_after_ms: number | undefined,
  ) {
    super(message);
    this.name = 'ServiceAnswerError';
  }
}

export interface ToolSpecification<S extends z.ZodType> {
  name: string;
  display_name: string;
  description: string;
  schema: S;
  examples: readonly ToolExample[];
  /** Words or phrases; a requirement that contains one of them as whole words asks for the tool. */
  keywords: readonly string[];
  /** For what words alone cannot say, e.g. "3 + 4". */
  pattern?: RegExp;
  searches_documents?: boolean;
  /** Holds only for inputs that are provably quick, whatever they contain (ADR 18). */
  isQuick?(input: z.infer<S>): boolean;
  run(input: z.infer<S>, sight: ToolSight): unknown;
}

/** Makes a tool of its specification; the input is checked against the schema before `run` sees it. */
export function defineTool<S extends z.ZodType>(specification: ToolSpecification<S>): Tool {
  const {
    name,
    display_name,
    description,
    schema,
    examples,
    keywords,
    pattern,
    searches_documents = false,
  } = specification;
  const input_schema = z.toJSONSchema(schema, { io: 'input' });
  const words = new RegExp(`(?<![\\p{L}\\p{N}])(?:${keywords.join('|')})(?![\\p{L}\\p{N}])`, 'iu');
  return {
    name,
    display_name,
    description,
    schema,
    input_schema,
    examples,
    keywords,
    searches_documents,
    isQuick: (input) => {
      if (!specification.isQuick) return false;
      const parsed = schema.safeParse(input);
      return parsed.success && specification.isQuick(parsed.data);
    },
    matches: (text) => words.test(text) || (pattern?.test(text) ?? false),
    execute: async (input, sight) => specification.run(checked(name, schema, input), sight),
  };
}

function checked<S extends z.ZodType>(name: string, schema: S, input: unknown): z.infer<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  throw new ToolError(`The input of ${name} is not valid: ${reasons.join('; ')}`);
}

/** The largest output that the model gets, in UTF-8 bytes of JSON. More would crowd the conversation out of its context. */
export const TOOL_OUTPUT_LIMIT_BYTES = 16 * 1024;

/** The output itself up to the limit; otherwise the start of its JSON as text, with a note that it was cut. */
export function boundedOutput(output: unknown): unknown {
  const json = JSON.stringify(output ?? null) ?? 'null';
  const size = Buffer.byteLength(json);
  if (size <= TOOL_OUTPUT_LIMIT_BYTES) return output ?? null;
  const note = `The output was truncated: it had ${size} bytes; the limit is ${TOOL_OUTPUT_LIMIT_BYTES}. Ask for less.`;
  return { truncated: true, note, beginning: beginningOf(json, TOOL_OUTPUT_LIMIT_BYTES / 2) };
}

/** Keeps half of the limit, because JSON as a string inside JSON can double in size. */
function beginningOf(json: string, bytes: number): string {
  return Buffer.from(json)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/(?<!�)�+$/, '');
}
