import type { LanguageModelV4Message } from '@ai-sdk/provider';
import type { ChatCompletionRequest, FixtureResponse } from '@copilotkit/aimock';
import { offlineWriters } from '../../src/builds/step/step.js';
import * as STEPS from '../../src/builds/steps/steps.js';
import { OfflineModel, OfflineWriters } from '../../src/models/offline/offline-model.js';
import { readStructuredInput } from '../../src/models/structured-prompt.js';

type Message = ChatCompletionRequest['messages'][number];

const SPOKEN = new OfflineModel(new OfflineWriters());
export const DOCUMENT_USAGE = { prompt_tokens: 1000, completion_tokens: 200 };
export const ANSWER_USAGE = { prompt_tokens: 100, completion_tokens: 10 };

/** The name of the schema that a request wants its answer in; undefined for a conversation. */
export function documentOf(request: ChatCompletionRequest): string | undefined {
  const format = request.response_format as { json_schema?: { name: string } } | undefined;
  return format?.json_schema?.name;
}

/** What the rule-based writers and model would say, in the words of OpenAI's protocol: a model whose every word is known. */
export async function scriptedAnswer(request: ChatCompletionRequest): Promise<FixtureResponse> {
  const name = documentOf(request);
  if (name === undefined) return await spokenAnswer(request);
  const asked = request.messages.filter(({ role }) => role === 'user').map(textOf);
  const input = readStructuredInput(asked.join('\n'));
  const written = SECOND_LOOKS[name]?.(input) ?? offlineWriters(STEPS).get(name)?.(input);
  return { content: JSON.stringify(written), usage: DOCUMENT_USAGE };
}

/** Documents about documents, which the offline model is never asked for. */
const SECOND_LOOKS: Record<string, (input: unknown) => unknown> = {
  acceptance_verdicts: verdictsOn,
  example_review: reviewOf,
};

/** Confirms what each example claims, except that a question about the weather exercises nothing. */
function reviewOf(input: unknown): unknown {
  const { examples } = input as { examples: { id: string; input: string; proves: string[] }[] };
  return {
    verdicts: examples.flatMap(({ id, input: said, proves }) =>
      proves.map((requirement) => ({
        example: id,
        requirement,
        exercises: !said.includes('weather'),
        reason: 'As scripted.',
      })),
    ),
  };
}

/** Every judged answer passes but those of examples whose standard says "never". */
function verdictsOn(input: unknown): unknown {
  const { examples } = input as { examples: { id: string; judged: string }[] };
  return {
    verdicts: examples.map(({ id, judged }) => ({ id, passes: !judged.includes('never'), reason: 'As scripted.' })),
  };
}

async function spokenAnswer({ messages, tools = [] }: ChatCompletionRequest): Promise<FixtureResponse> {
  const { content } = await SPOKEN.doGenerate({
    prompt: messages.map((message) => promptMessage(message, messages)),
    tools: tools.map(({ function: { name, description = '' } }) => ({
      ...{ type: 'function', name, description },
      inputSchema: { type: 'object' },
    })),
  });
  const [first] = content;
  if (first?.type === 'tool-call')
    return { toolCalls: [{ name: first.toolName, arguments: first.input }], usage: ANSWER_USAGE };
  return { content: first?.type === 'text' ? first.text : '', usage: ANSWER_USAGE };
}

function promptMessage(message: Message, all: readonly Message[]): LanguageModelV4Message {
  const text = textOf(message);
  switch (message.role) {
    case 'system':
      return { role: 'system', content: text };
    case 'user':
      return { role: 'user', content: [{ type: 'text', text }] };
    case 'assistant':
      return {
        role: 'assistant',
        content: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...callsOf(message)],
      };
    case 'tool': {
      const toolCallId = message.tool_call_id ?? '';
      const toolName = all.flatMap(callsOf).find((call) => call.toolCallId === toolCallId)?.toolName ?? '';
      const output = outputOf(text);
      return { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] };
    }
  }
}

/** Tools answer in JSON, members of a team in words. */
function outputOf(text: string) {
  try {
    return { type: 'json' as const, value: JSON.parse(text) as never };
  } catch {
    return { type: 'text' as const, value: text };
  }
}

function callsOf({ tool_calls = [] }: Message) {
  return tool_calls.map(({ id, function: { name, arguments: input } }) => ({
    type: 'tool-call' as const,
    toolCallId: id,
    toolName: name,
    input: JSON.parse(input) as unknown,
  }));
}

/** What a message says, whatever its form. */
export function textOf({ content }: Message): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ text = '' }) => text).join('\n');
}
