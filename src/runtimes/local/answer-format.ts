import { withoutFence } from '../../models/providers/providers.js';
import { failure } from '../../models/remote/provider-failure.js';
import type { AgentEvent } from '../agent-runtime.js';
import type { CallOptions } from '../caller-request.js';
import type { RunOptions } from './model-loop.js';
import type { RunEvents } from './run-events.js';

type AnswerFormat = NonNullable<CallOptions['answer_format']>;

/**
 * Runs until the answer fits its format; an answer that does not fit goes back once with what is wrong with it. The text is
 * held back until it is checked, so that a caller never reads an answer that does not fit.
 * @throws ModelError when the second answer does not fit either
 */
export async function* answered(
  format: AnswerFormat,
  options: RunOptions,
  events: RunEvents,
  once: (options: RunOptions) => AsyncGenerator<AgentEvent>,
  problemWith: (schema: Record<string, unknown>, value: unknown) => Promise<string | undefined>,
): AsyncGenerator<AgentEvent> {
  let problem = yield* attempt(options);
  if (problem === undefined) return;
  const messages = [
    ...options.messages,
    ...(events.lastText === '' ? [] : [{ role: 'assistant' as const, content: events.lastText }]),
    {
      role: 'user' as const,
      content: `That answer cannot be used: ${problem}\n\nAnswer again with the complete, corrected JSON and nothing else.`,
    },
  ];
  events.begin();
  problem = yield* attempt({ ...options, messages });
  if (problem === undefined) return;
  const called = { provider: options.model.provider, model: options.model.modelId };
  throw failure('malformed', called, { reason: `the answer does not fit the format "${format.name}": ${problem}` });

  async function* attempt(sent: RunOptions): AsyncGenerator<AgentEvent, string | undefined> {
    for await (const event of once(sent)) if (event.type !== 'delta') yield event;
    // A call of the caller's tool or one that waits for approval is not an answer yet, and a cut or refused one is reported as that.
    if (events.callerCalls.length > 0 || events.isHolding) return undefined;
    const isWhole = events.finishReason === 'stop';
    const wrong = isWhole ? await problemOf(events.lastText) : undefined;
    if (wrong !== undefined) return wrong;
    events.output = withoutFence(events.lastText);
    yield { type: 'delta', text: events.output };
    return undefined;
  }

  async function problemOf(text: string): Promise<string | undefined> {
    let value: unknown;
    try {
      value = JSON.parse(withoutFence(text));
    } catch {
      return 'it is not JSON';
    }
    if (format.schema) return problemWith(format.schema, value);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'it is not a JSON object';
  }
}
