import { LLMock } from '@copilotkit/aimock';

export interface ModelServer {
  mock: LLMock;
  /** Root of the server, without a path. */
  url: string;
  /** Settings of the platform that make it the configured provider. */
  openai: Record<string, string>;
  anthropic: Record<string, string>;
  bedrock: Record<string, string>;
  /** A response that does not begin before the server stops. A delay of the server's own would keep its timer after that. */
  silence: () => Promise<{ content: string }>;
  stop(): Promise<void>;
}

const QUICK = { MODEL_MAX_RETRIES: '0', MODEL_TIMEOUT_SECONDS: '5' };

/** A server of the protocols of OpenAI, Anthropic and Bedrock on a free loopback port; it answers what its fixtures say. */
export async function startModelServer(options: ConstructorParameters<typeof LLMock>[0] = {}): Promise<ModelServer> {
  const mock = new LLMock({ port: 0, host: '127.0.0.1', journalMaxEntries: 0, ...options });
  let answerAll: () => void = () => undefined;
  const stopped = new Promise<{ content: string }>((resolve) => (answerAll = () => resolve({ content: 'too late' })));
  const url = (await mock.start()).replace('localhost', '127.0.0.1');
  return {
    mock,
    url,
    openai: {
      ...QUICK,
      MODEL_PROVIDER: 'openai',
      MODEL_ID: 'gpt-4o',
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_KEY: 'k',
    },
    anthropic: {
      ...QUICK,
      MODEL_PROVIDER: 'anthropic',
      MODEL_ID: 'claude-sonnet-4-5',
      ANTHROPIC_BASE_URL: `${url}/v1`,
      ANTHROPIC_API_KEY: 'k',
    },
    bedrock: {
      ...QUICK,
      MODEL_PROVIDER: 'bedrock',
      MODEL_ID: 'amazon.nova-lite-v1:0',
      BEDROCK_BASE_URL: url,
      AWS_BEARER_TOKEN_BEDROCK: 'k',
    },
    silence: () => stopped,
    stop: async () => {
      answerAll();
      await mock.stop();
    },
  };
}
