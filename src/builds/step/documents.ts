import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ModelError } from '../../models/model-error.js';
import { ModelsService } from '../../models/models.service.js';
import type { Usage } from '../../shared/usage.js';
import { PATHS } from '../../stages/stage.js';
import type { DocumentTask } from './document-task.js';
import { BuildFault, type StepArtifact, type StepContext } from './step.js';

export interface WrittenDocument<T> {
  document: T;
  model: string;
  usage: Usage;
  cost_usd: number | null;
}

/**
 * Asks the language model for a step's document. The user's text is passed in `input` only, as data; system prompt and
 * instructions are constants.
 */
@Injectable()
export class DocumentWriter {
  constructor(private readonly models: ModelsService) {}

  /**
   * An answer that does not fit the schema goes back to the model once, with the problem.
   * @throws BuildFault, transient when another attempt may succeed
   */
  async write<T>(context: StepContext, task: DocumentTask<T>, input: unknown): Promise<WrittenDocument<T>> {
    context.signal.throwIfAborted();
    const { name, schema, system } = task;
    const { instructions, input: asked } = revisedTask(context, task, input);
    const { model_id, signal, meter } = context;
    const counted = meter ? { meter } : {};
    context.log('info', `${this.models.describe(model_id).id} writes ${name} (prompt ${task.version})`);
    const request = {
      name,
      schema,
      system,
      instructions,
      input: boundedInput(context, name, asked),
      model_id,
      signal,
      ...counted,
    };
    const onRepair = (problem: string): void =>
      context.log('warning', `The answer for ${name} is not usable and is sent back for correction: ${problem}`);
    try {
      const { object, ...spent } = await this.models.generateStructured({ ...request, onRepair });
      context.spend?.(spent);
      return { document: object, ...spent };
    } catch (error) {
      throw this.asBuildFault(context, name, error);
    }
  }

  /** Model errors become build faults; cancellations and programming errors pass unchanged. */
  private asBuildFault({ model_id, spend }: StepContext, name: string, error: unknown): unknown {
    if (!(error instanceof ModelError)) return error;
    const model = this.models.describe(model_id).id;
    spend?.({ model, usage: error.usage, cost_usd: this.models.costOf(model, error.usage) });
    return new BuildFault(error.message, {
      transient: error.transient,
      details: { document: name, ...error.details },
      suggestion: error.suggestion ?? 'Restart the build.',
      cause: error,
    });
  }
}

const REVISION_INSTRUCTIONS = `This build changes an agent that exists. input.revision.change says what to change; input.revision.previous is how it is now. Take it over and change only what the change asks for: keep its names, its order and its wording everywhere else. input.revision.edited_by_hand names what a person wrote; keep that unless the change is about it.`;

/** In a build that changes an agent, the model gets the change and the agent's current version of the document. */
function revisedTask(
  { revision }: Pick<StepContext, 'revision'>,
  { name, instructions }: Pick<DocumentTask<unknown>, 'name' | 'instructions'>,
  input: unknown,
): { instructions: string; input: unknown } {
  if (!revision || !REVISED_TASKS.has(name)) return { instructions, input };
  const { change, edited_by_hand, documents, definition } = revision;
  const previous = documents[name] ?? definition;
  return {
    instructions: `${instructions}\n\n${REVISION_INSTRUCTIONS}`,
    input: { ...(input as object), revision: { change, previous, edited_by_hand } },
  };
}

/** Documents that a step writes about the agent. Reviews, repairs and verdicts are about something else. */
const REVISED_TASKS: ReadonlySet<string> = new Set([
  'plan',
  'requirements',
  'architecture',
  'agent_design',
  'tool_notes',
  'prompt_parts',
  'package_text',
]);

/** Characters of JSON, about 20,000 tokens, which common models can read and still answer. */
export const INPUT_LIMIT_CHARACTERS = 80_000;
/** Limits for single texts, tried in this order until the input fits. */
const TEXT_LIMITS = [4_000, 1_000, 400, 150];

/**
 * The input of a step in a size that models can read: long texts are cut, with a line in the log.
 * @throws BuildFault when that is not enough
 */
export function boundedInput(context: Pick<StepContext, 'log'>, name: string, input: unknown): unknown {
  const size = sizeOf(input);
  if (size <= INPUT_LIMIT_CHARACTERS) return input;
  for (const limit of TEXT_LIMITS) {
    const cut = withShortTexts(input, limit);
    if (sizeOf(cut) > INPUT_LIMIT_CHARACTERS) continue;
    context.log('warning', `The input for ${name} is large: texts in it were cut to ${limit} characters`);
    return cut;
  }
  throw new BuildFault(`The input for ${name} is too large for a language model: ${size} characters`, {
    details: { document: name, characters: size, limit: INPUT_LIMIT_CHARACTERS },
    suggestion: 'Shorten the requirement, or split it into several agents.',
  });
}

function sizeOf(input: unknown): number {
  return (JSON.stringify(input) ?? '').length;
}

function withShortTexts(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return value.length <= limit ? value : `${value.slice(0, limit)}…`;
  if (Array.isArray(value)) return value.map((item) => withShortTexts(item, limit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withShortTexts(item, limit)]));
}

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
    throw new BuildFault(`${path} has ${bytes} bytes; the limit for an artifact is ${ARTIFACT_LIMIT_BYTES}`, {
      details: { path, bytes, limit: ARTIFACT_LIMIT_BYTES },
      suggestion: 'Shorten the requirement.',
    });
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
