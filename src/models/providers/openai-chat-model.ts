import {
  APICallError,
  InvalidResponseDataError,
  JSONParseError,
  type LanguageModelV4CallOptions,
  type LanguageModelV4FinishReason,
  type LanguageModelV4GenerateResult,
  type LanguageModelV4Usage,
  type SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { OpenAICompatibleChatLanguageModel } from '@ai-sdk/openai-compatible';
import type { Dispatcher } from 'undici';
import { StreamedModel, type StreamPart } from '../streamed-model.js';

/** How the server is reached. */
export interface OpenAiServer {
  url: string;
  headers: Record<string, string>;
  /** Of undici. The `fetch` above it costs as much as the rest of a call. */
  dispatcher: Dispatcher;
}

/** The longest answer, and the longest line of a stream, that is read. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;
const REASON_MAX_CHARACTERS = 4_000;
const FIRST_ERROR_STATUS = 300;
const PROVIDER = 'openai';

/**
 * A model behind OpenAI's chat completions. Requests and whole answers are translated by the AI SDK's own model of this API; the
 * connection and the stream, which bound the speed of a call, are read here without web streams and schemas.
 */
export class OpenAiChatModel extends StreamedModel {
  override readonly provider = PROVIDER;
  override readonly modelId: string;
  override readonly supportedUrls = {};

  constructor(
    private readonly translation: Pick<
      OpenAICompatibleChatLanguageModel,
      'modelId' | 'prepareRequest' | 'convertResponse'
    >,
    private readonly server: OpenAiServer,
  ) {
    super();
    this.modelId = translation.modelId;
  }

  override async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const { body, warnings } = await this.translation.prepareRequest(options);
    const response = await this.post(body, options);
    const text = await textOf(response.body);
    const result = await this.translation.convertResponse({ body: parsed(text) });
    return { ...result, warnings };
  }

  override async parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>> {
    const { body } = await this.translation.prepareRequest(options);
    const response = await this.post({ ...body, stream: true, stream_options: { include_usage: true } }, options);
    return partsOfEvents(response.body);
  }

  /** @throws APICallError unless the server accepts the call */
  private async post(
    body: Record<string, unknown>,
    { abortSignal, headers }: LanguageModelV4CallOptions,
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(this.server.url);
    const request = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST' as const,
      headers: { ...this.server.headers, ...defined(headers), 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // The run and the provider's time-out decide how long an answer may take.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(abortSignal ? { signal: abortSignal } : {}),
    };
    const response = await this.server.dispatcher.request(request).catch((error: unknown) => {
      abortSignal?.throwIfAborted();
      throw this.failure('Cannot connect to the server', { cause: error });
    });
    if (response.statusCode < FIRST_ERROR_STATUS) return response;
    const responseBody = await textOf(response.body).catch(() => '');
    const responseHeaders = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
    );
    const { statusCode } = response;
    throw this.failure(reasonIn(responseBody) ?? `status ${statusCode}`, { statusCode, responseHeaders, responseBody });
  }

  private failure(message: string, rest: Partial<ConstructorParameters<typeof APICallError>[0]>): APICallError {
    // The request is left out: errors are logged, and it holds what people wrote.
    return new APICallError({ message, url: this.server.url, requestBodyValues: {}, ...rest });
  }
}

const defined = (headers: Record<string, string | undefined> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<string, string>;

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > ANSWER_MAX_BYTES) throw tooLong();
    read.push(chunk);
  }
  return Buffer.concat(read).toString();
}

const tooLong = () => new InvalidResponseDataError({ data: null, message: 'The response is longer than 64 MB.' });

/** What the server says was wrong, in OpenAI's form. */
function reasonIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message.slice(0, REASON_MAX_CHARACTERS) : undefined;
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JSONParseError({ text: text.slice(0, REASON_MAX_CHARACTERS), cause });
  }
}

/** One event of a stream. Every field may be missing or null: servers differ. */
interface Chunk {
  error?: unknown;
  id?: string | null;
  model?: string | null;
  created?: number | null;
  choices?: { delta?: Delta | null; finish_reason?: string | null }[] | null;
  usage?: ChunkUsage | null;
}

interface Delta {
  content?: unknown;
  refusal?: unknown;
  reasoning_content?: string | null;
  reasoning?: string | null;
  tool_calls?: CallDelta[] | null;
}

interface CallDelta {
  index?: number | null;
  id?: string | null;
  function?: { name?: string | null; arguments?: string | null } | null;
  extra_content?: { google?: { thought_signature?: string | null } | null } | null;
}

interface ChunkUsage {
  prompt_tokens?: number | null;
  completion_tokens?: number | null;
  prompt_tokens_details?: { cached_tokens?: number | null } | null;
  completion_tokens_details?: { reasoning_tokens?: number | null } | null;
}

/** The data of each event of a stream, in lists of those that arrived together. */
async function* eventData(body: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let data = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const arrived: string[] = [];
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      const line = rest.slice(from, rest.charCodeAt(end - 1) === CARRIAGE_RETURN && end > from ? end - 1 : end);
      from = end + 1;
      if (line.startsWith('data:')) data += (data === '' ? '' : '\n') + line.slice(line[5] === ' ' ? 6 : 5);
      else if (line === '' && data !== '') {
        arrived.push(data);
        data = '';
      }
    }
    if (arrived.length > 0) yield arrived;
    rest = rest.slice(from);
    if (rest.length + data.length > ANSWER_MAX_BYTES) throw tooLong();
  }
  // Some servers end the last event with the connection.
  if (rest.startsWith('data:')) data += rest.slice('data:'.length).trim();
  if (data !== '') yield [data];
}

const CARRIAGE_RETURN = 13;
const DONE = '[DONE]';

/** @throws what the server reports in the stream; InvalidResponseDataError for a stream that ends before the answer does */
async function* partsOfEvents(body: AsyncIterable<Buffer>): AsyncGenerator<StreamPart> {
  const answer = new StreamedAnswer();
  yield { type: 'stream-start', warnings: [] };
  for await (const arrived of eventData(body)) {
    for (const part of joined(partsOf(answer, arrived))) yield part;
    if (arrived.includes(DONE)) break;
  }
  yield* answer.end();
}

function* partsOf(answer: StreamedAnswer, events: readonly string[]): Generator<StreamPart> {
  for (const data of events) {
    if (data === DONE) return;
    yield* answer.read(parsed(data) as Chunk);
  }
}

/**
 * Text that arrived together becomes one part: a platform that is busy passes on longer pieces, instead of falling behind by as many
 * events as the model has tokens.
 */
function* joined(parts: Iterable<StreamPart>): Generator<StreamPart> {
  let held: Extract<StreamPart, { delta: string }> | undefined;
  try {
    for (const part of parts) {
      if (held && 'delta' in part && part.type === held.type) {
        held = { ...held, delta: held.delta + part.delta };
        continue;
      }
      if (held) yield held;
      held = undefined;
      if (part.type === 'text-delta' || part.type === 'reasoning-delta') held = part;
      else yield part;
    }
  } catch (error) {
    if (held) yield held;
    throw error;
  }
  if (held) yield held;
}

/** The parts of one streamed answer. */
class StreamedAnswer {
  private isBegun = false;
  private open: 'text' | 'reasoning' | undefined;
  private hasRefusal = false;
  private finish: string | undefined;
  private usage: ChunkUsage | undefined;
  private readonly calls: { index: number | undefined; id: string; name: string; input: string; signature?: string }[] =
    [];

  *read(chunk: Chunk): Generator<StreamPart> {
    if (chunk.error !== undefined && chunk.error !== null) throw chunk.error as Error;
    if (!Array.isArray(chunk.choices) && !chunk.usage)
      throw new InvalidResponseDataError({ data: null, message: 'An event of the stream has no choices.' });
    if (!this.isBegun) yield this.begin(chunk);
    this.usage = chunk.usage ?? this.usage;
    const choice = chunk.choices?.[0];
    this.finish = choice?.finish_reason ?? this.finish;
    const delta = choice?.delta;
    if (!delta) return;
    yield* this.said('reasoning', delta.reasoning_content ?? delta.reasoning ?? '');
    for (const [kind, text] of textsOf(delta.content)) yield* this.said(kind, text);
    if (typeof delta.refusal === 'string' && delta.refusal !== '') {
      this.hasRefusal = true;
      yield* this.said('text', delta.refusal);
    }
    for (const call of delta.tool_calls ?? []) yield* this.called(call);
  }

  /** Calls of tools are whole only when the stream ends. */
  *end(): Generator<StreamPart> {
    yield* this.close();
    for (const { id, name, input, signature } of this.calls) {
      if (name === '')
        throw new InvalidResponseDataError({ data: null, message: 'A tool call does not name the tool.' });
      const providerMetadata: SharedV4ProviderMetadata | undefined =
        signature === undefined ? undefined : { [PROVIDER]: { thoughtSignature: signature } };
      const call = { type: 'tool-call' as const, toolCallId: id, toolName: name, input };
      yield { ...call, ...(providerMetadata ? { providerMetadata } : {}) };
    }
    if (this.finish === undefined)
      throw new InvalidResponseDataError({ data: null, message: 'The stream ended without a finish reason.' });
    const finishReason: LanguageModelV4FinishReason = {
      unified: finishOf(this.finish, this.hasRefusal),
      raw: this.finish,
    };
    yield { type: 'finish', finishReason, usage: usageOf(this.usage) };
  }

  private begin({ id, model, created }: Chunk): StreamPart {
    this.isBegun = true;
    return {
      type: 'response-metadata',
      ...(id ? { id } : {}),
      ...(model ? { modelId: model } : {}),
      ...(created ? { timestamp: new Date(created * 1000) } : {}),
    };
  }

  private *said(kind: 'text' | 'reasoning', delta: string): Generator<StreamPart> {
    if (delta === '') return;
    if (this.open !== kind) {
      yield* this.close();
      this.open = kind;
      yield { type: `${kind}-start`, id: kind };
    }
    yield { type: `${kind}-delta`, id: kind, delta };
  }

  private *close(): Generator<StreamPart> {
    if (this.open) yield { type: `${this.open}-end`, id: this.open };
    this.open = undefined;
  }

  /** Some servers leave the index out and send each call whole; others send the name or the id late. */
  private *called({ index, id, function: asked, extra_content }: CallDelta): Generator<StreamPart> {
    const known =
      typeof index === 'number'
        ? this.calls.find((call) => call.index === index)
        : this.calls.find((call) => id && call.id === id);
    const call = known ?? { index: index ?? undefined, id: id || crypto.randomUUID(), name: '', input: '' };
    if (!known) this.calls.push(call);
    else if (id) call.id = id;
    if (asked?.name && call.name === '') {
      call.name = asked.name;
      yield { type: 'tool-input-start', id: call.id, toolName: call.name };
    }
    call.input += asked?.arguments ?? '';
    const signature = extra_content?.google?.thought_signature;
    if (signature) call.signature = signature;
  }
}

type Said = ['text' | 'reasoning', string];

/** Content is a text, or parts of which some are thoughts (Mistral). */
function textsOf(content: unknown): Said[] {
  if (typeof content === 'string') return [['text', content]];
  if (!Array.isArray(content)) return [];
  return (content as { type?: unknown; text?: unknown; thinking?: unknown }[]).flatMap(
    ({ type, text, thinking }): Said[] => {
      if (type === 'text' && typeof text === 'string') return [['text', text]];
      if (type !== 'thinking' || !Array.isArray(thinking)) return [];
      const thoughts = (thinking as { text?: unknown }[]).map((thought) =>
        typeof thought.text === 'string' ? thought.text : '',
      );
      return [['reasoning', thoughts.join('')]];
    },
  );
}

function finishOf(reason: string, hasRefusal: boolean): LanguageModelV4FinishReason['unified'] {
  switch (reason) {
    case 'stop':
      return hasRefusal ? 'content-filter' : 'stop';
    case 'length':
      return 'length';
    case 'content_filter':
      return 'content-filter';
    case 'function_call':
    case 'tool_calls':
      return 'tool-calls';
    default:
      return 'other';
  }
}

function usageOf(usage: ChunkUsage | undefined): LanguageModelV4Usage {
  const none = { cacheRead: undefined, cacheWrite: undefined };
  if (!usage)
    return {
      inputTokens: { total: undefined, noCache: undefined, ...none },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    };
  const input = usage.prompt_tokens ?? 0;
  const output = usage.completion_tokens ?? 0;
  const cacheRead = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  return {
    inputTokens: { total: input, noCache: input - cacheRead, cacheRead, cacheWrite: undefined },
    outputTokens: { total: output, text: Math.max(0, output - reasoning), reasoning },
  };
}
