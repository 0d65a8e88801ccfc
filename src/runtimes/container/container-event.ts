import { z } from 'zod';
import { type ContainerMessage, malformed } from './container-contract.js';

const usageSchema = z.object({ input_tokens: z.int().min(0), output_tokens: z.int().min(0) });

/** The member of the team that acted. */
const agentName = z.string().max(100).exactOptional();

const stepSchema = z.object({
  step: z.int().min(1),
  type: z.enum(['model', 'tool']),
  name: z.string().max(500),
  agent: agentName,
  input: z.unknown(),
  output: z.unknown().exactOptional(),
  error: z.string().exactOptional(),
  started_at: z.string().max(50),
  duration_ms: z.number().min(0),
});

const trace = {
  usage: usageSchema.exactOptional(),
  cost_usd: z.number().min(0).nullable().exactOptional(),
  steps: z.array(stepSchema).max(1000).exactOptional(),
};

/** The events of the agent server, and what other containers say made into them. */
const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), model: z.string().max(500) }),
  z.object({ type: z.literal('delta'), text: z.string() }),
  z.object({
    type: z.literal('tool_call'),
    call_id: z.string(),
    tool: z.string(),
    input: z.unknown(),
    agent: agentName,
  }),
  z.object({
    type: z.literal('tool_result'),
    call_id: z.string(),
    tool: z.string(),
    output: z.unknown().exactOptional(),
    error: z.string().exactOptional(),
    agent: agentName,
    duration_ms: z.number().min(0),
  }),
  z.object({ type: z.literal('done'), output: z.string(), model: z.string().max(500).exactOptional(), ...trace }),
  z.object({
    type: z.literal('error'),
    reason: z.enum(['model', 'timeout', 'cancelled', 'limit', 'unreachable', 'malformed', 'runtime']).catch('runtime'),
    message: z.string(),
    ...trace,
  }),
]);

export type ContainerEvent = z.infer<typeof eventSchema>;
const TYPES: ReadonlySet<unknown> = new Set(['start', 'delta', 'tool_call', 'tool_result', 'done', 'error']);

/** What a message means; undefined for what an agent may say beside its answer. @throws AgentRunError `malformed` */
export function eventOf({ value, isWhole }: ContainerMessage): ContainerEvent | undefined {
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  if (record && TYPES.has(record['type'])) return known(record);
  if (record?.['error'] !== undefined && record['error'] !== null) return failure(record['error']);
  if (record && isWhole && typeof record['output'] === 'string') return known({ ...record, type: 'done' });
  const text = textOf(value, isWhole);
  if (text !== undefined) return isWhole ? { type: 'done', output: text } : { type: 'delta', text };
  if (isWhole) throw malformed('its answer holds no text');
  return undefined;
}

function known(record: Record<string, unknown>): ContainerEvent {
  const parsed = eventSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(`${issue?.path.join('.') ?? 'an event'}: ${issue?.message ?? 'is not valid'}`);
}

/** An error as the agent server writes it, as AgentCore's SDK does (a text), or as anyone else does. */
export function failure(error: unknown): ContainerEvent & { type: 'error' } {
  if (typeof error === 'object' && error !== null) {
    const parsed = eventSchema.safeParse({ ...error, type: 'error' });
    if (parsed.success && parsed.data.type === 'error') return parsed.data;
  }
  const message = typeof error === 'string' ? error : JSON.stringify(error);
  return { type: 'error', reason: 'runtime', message: `The agent's container failed: ${message.slice(0, 500)}` };
}

/** The names under which agents put their text, in the order in which they count: AWS's examples, Strands, LangGraph, CrewAI. */
const WHOLE = ['response', 'result', 'output', 'completion', 'answer', 'text', 'content', 'message', 'data'];
/** Streams end with the whole message once more under other names, which would say everything twice. */
const PART = ['delta', 'text', 'data', 'content', 'event'];
const DEEPEST = 4;

/** The text in an answer, or in one event, of an agent that we did not write; undefined without text. */
function textOf(value: unknown, isWhole: boolean, depth = 0): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth === DEEPEST) return undefined;
  if (Array.isArray(value)) return joined(value, isWhole, depth);
  const record = value as Record<string, unknown>;
  for (const field of isWhole ? WHOLE : PART) {
    const text = textOf(record[field], isWhole, depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The content blocks of a message. */
function joined(blocks: unknown[], isWhole: boolean, depth: number): string | undefined {
  const texts = blocks.map((block) => textOf(block, isWhole, depth + 1)).filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('');
}
