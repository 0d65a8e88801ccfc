import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseSettings } from '../platform/config/load-settings.js';
import { modelOffer } from './model-offer.js';

const development = (more: Record<string, string> = {}) => parseSettings({ ENVIRONMENT: 'development', ...more });
const asked: string[] = [];
const ollama = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.end(JSON.stringify({ models: [{ name: 'nomic-embed-text' }, { name: 'qwen3:8b' }, { name: 'a;b' }] }));
});
let url: string;

beforeAll(async () => {
  await once(ollama.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(ollama.address() as AddressInfo).port}`;
});
afterAll(() => ollama.close());
beforeEach(() => asked.splice(0));

it('offers a model of Ollama in one line, and only lists its models', async () => {
  expect(await modelOffer(development(), url)).toBe(
    `Ollama runs on this machine but is not used. To use it: MODEL_PROVIDER=openai MODEL_ID=qwen3:8b OPENAI_BASE_URL=${url}/v1 npm start`,
  );
  expect(asked).toEqual(['GET /api/tags']);
});

it.each([
  ['ANTHROPIC_API_KEY', 'anthropic'],
  ['OPENAI_API_KEY', 'openai'],
  ['AWS_BEARER_TOKEN_BEDROCK', 'bedrock'],
])('offers the provider of %s and calls nothing', async (name, provider) => {
  const offer = await modelOffer(development({ [name]: 'a key of this test, kept to itself' }), url);
  expect(offer).toBe(
    `${name} is set but not used. To use it: MODEL_PROVIDER=${provider} MODEL_ID=<a model's id> npm start`,
  );
  expect(asked).toEqual([]);
});

it.each([{ ENVIRONMENT: 'test' }, { MODEL_PROVIDER: 'anthropic', ANTHROPIC_API_KEY: 'k', MODEL_ID: 'm' }])(
  'offers nothing and calls nothing with %j',
  async (settings) => {
    expect(await modelOffer(development(settings), url)).toBeUndefined();
    expect(asked).toEqual([]);
  },
);

it('offers nothing where Ollama does not answer', async () => {
  expect(await modelOffer(development(), 'http://127.0.0.1:1')).toBeUndefined();
});
