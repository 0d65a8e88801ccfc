import type { LanguageModelV4CallOptions, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import { OPENAI_API } from '../../platform/config/settings-schema.js';
import type { Settings } from '../../platform/config/settings.js';
import type { ModelProvider } from '../model-provider.js';
import { RemoteProvider } from '../remote/remote-provider.js';
import { awsCredentials } from '../../platform/database/client/aws-credentials.js';
import { StreamedModel, type StreamPart } from '../streamed-model.js';
import { OpenAiChatModel } from './openai-chat-model.js';
import { loadUndici } from '../../platform/outgoing/undici.js';

/** The providers behind a network that the settings make usable: the chosen one, and those whose key or address is set. */
export function configuredProviders(settings: Settings): ModelProvider[] {
  const chosen = settings.get('MODEL_PROVIDER');
  const hasOpenai = settings.get('OPENAI_API_KEY') !== undefined || settings.get('OPENAI_BASE_URL') !== OPENAI_API;
  const hasBedrock =
    settings.get('AWS_BEARER_TOKEN_BEDROCK') !== undefined || settings.get('BEDROCK_BASE_URL') !== undefined;
  return [
    ...(chosen === 'openai' || hasOpenai ? [openaiProvider(settings)] : []),
    ...(chosen === 'anthropic' || settings.get('ANTHROPIC_API_KEY') !== undefined ? [anthropicProvider(settings)] : []),
    ...(chosen === 'bedrock' || hasBedrock ? [bedrockProvider(settings)] : []),
  ];
}

/** `MODEL_PROVIDER=anthropic`: the Messages API of Anthropic. */
function anthropicProvider(settings: Settings): RemoteProvider {
  return new RemoteProvider('anthropic', settings, async () => {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({
      baseURL: settings.get('ANTHROPIC_BASE_URL'),
      apiKey: settings.get('ANTHROPIC_API_KEY') ?? '',
    });
  });
}

/** `MODEL_PROVIDER=bedrock`: the Converse API of Amazon Bedrock, by a key of Bedrock or signed with AWS credentials. */
function bedrockProvider(settings: Settings): RemoteProvider {
  const connect = async () => {
    const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
    const region = settings.get('AWS_REGION');
    const apiKey = settings.get('AWS_BEARER_TOKEN_BEDROCK');
    const baseURL = settings.get('BEDROCK_BASE_URL');
    return createAmazonBedrock({
      region,
      ...(baseURL === undefined ? {} : { baseURL }),
      ...(apiKey === undefined ? { credentialProvider: await awsCredentials(region) } : { apiKey }),
    });
  };
  return new RemoteProvider('bedrock', settings, connect, { image_urls: false }, (id) => BEDROCK_ID.test(id));
}

/** `amazon.nova-lite-v1:0`, `us.anthropic.claude-…-v1:0`, and ARNs. */
const BEDROCK_ID = /^(?:arn:|[a-z0-9-]+\.)/;
const PROVIDER_PREFIX = /^(?:openai|anthropic|bedrock|offline):/;

/** OpenAI has ids such as `ft:gpt-4o:…`; servers such as Ollama have tags (`qwen3:8b`). */
const isOpenaiId = (settings: Settings, id: string): boolean =>
  settings.get('OPENAI_BASE_URL') === OPENAI_API ? id.startsWith('ft:') : !PROVIDER_PREFIX.test(id);

/** `MODEL_PROVIDER=openai`: OpenAI and every server that speaks its chat completions (Ollama, vLLM, LM Studio). */
function openaiProvider(settings: Settings): RemoteProvider {
  const connect = async () => {
    const [{ OpenAICompatibleChatLanguageModel }, { Agent }] = await Promise.all([
      import('@ai-sdk/openai-compatible'),
      loadUndici(),
    ]);
    const apiKey = settings.get('OPENAI_API_KEY');
    const supportsStructuredOutputs = settings.get('OPENAI_STRUCTURED_OUTPUT') === 'json_schema';
    const baseURL = settings.get('OPENAI_BASE_URL');
    const url = `${baseURL.replace(/\/$/, '')}/chat/completions`;
    const translation = { provider: 'openai.chat', url: () => url, headers: () => ({}), supportsStructuredOutputs };
    const server = {
      url,
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      dispatcher: new Agent(),
    };
    return (modelId: string) => {
      const model = new OpenAiChatModel(new OpenAICompatibleChatLanguageModel(modelId, translation), server);
      return new JsonModel(model, supportsStructuredOutputs);
    };
  };
  return new RemoteProvider('openai', settings, connect, {}, (id) => isOpenaiId(settings, id));
}

/**
 * Structured answers of servers of every kind: the fence around JSON goes, and where the server knows no schemas the prompt
 * holds the schema.
 */
class JsonModel extends StreamedModel {
  override readonly provider: string;
  override readonly modelId: string;
  override readonly supportedUrls = {};

  constructor(
    private readonly model: StreamedModel,
    private readonly serverKnowsSchemas: boolean,
  ) {
    super();
    ({ provider: this.provider, modelId: this.modelId } = model);
  }

  override async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const result = await this.model.doGenerate(this.asked(options));
    if (options.responseFormat?.type !== 'json') return result;
    const content = result.content.map((part) =>
      part.type === 'text' ? { ...part, text: withoutFence(part.text) } : part,
    );
    return { ...result, content };
  }

  override parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>> {
    return this.model.parts(this.asked(options));
  }

  private asked(options: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
    return this.serverKnowsSchemas ? options : withSchemaInPrompt(options);
  }
}

const FENCE = '```';

/** Without "```json" … "```" around the whole answer: many models write it although they were asked for JSON alone. */
export function withoutFence(text: string): string {
  const answer = text.trim();
  const start = answer.indexOf('\n') + 1;
  const isFenced = answer.startsWith(FENCE) && answer.endsWith(FENCE) && start <= answer.length - FENCE.length;
  if (!isFenced || !['', 'json'].includes(answer.slice(FENCE.length, start).trim())) return text;
  return answer.slice(start, -FENCE.length).replace(/\n$/, '');
}

function withSchemaInPrompt(params: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const { responseFormat, prompt } = params;
  if (responseFormat?.type !== 'json' || responseFormat.schema === undefined) return params;
  const schema = `JSON Schema of your answer:\n${JSON.stringify(responseFormat.schema)}`;
  const [first, ...rest] = prompt;
  if (first?.role !== 'system') return { ...params, prompt: [{ role: 'system', content: schema }, ...prompt] };
  return { ...params, prompt: [{ ...first, content: `${first.content}\n\n${schema}` }, ...rest] };
}
