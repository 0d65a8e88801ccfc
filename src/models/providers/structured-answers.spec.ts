import { z } from 'zod';
import { type ModelServer, startModelServer } from '../../../test/support/model-server.js';
import { parseSettings } from '../../platform/config/load-settings.js';
import { ModelsService } from '../models.service.js';
import { configuredProviders } from './providers.js';
import { ModelMetrics } from '../observed-model.js';
import { Metrics } from '../../platform/observability/metrics.js';

const schema = z.object({ title: z.string().max(5), words: z.int().min(1) });
const GOOD = { title: 'ok', words: 2 };
const BAD = { title: 'far too long', words: 0 };

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
beforeEach(() => server.mock.clearFixtures().clearRequests());
afterAll(() => server.stop());

function models(settings: Record<string, string>): ModelsService {
  const parsed = parseSettings({ ENVIRONMENT: 'test', ...settings });
  return new ModelsService(parsed, configuredProviders(parsed), new ModelMetrics(new Metrics()));
}

const request = { name: 'note', schema, system: 'You note.', instructions: 'Write a note.', input: { text: 'hi' } };

/** Providers without a mode for JSON are made to call a tool whose input is the object. */
function says(answer: object): void {
  const json = JSON.stringify(answer);
  server.mock.on(
    { predicate: ({ tools = [] }) => tools.length > 0 },
    { toolCalls: [{ name: 'json', arguments: json }] },
    { chunkSize: 1_000 },
  );
  server.mock.on({}, { content: json });
}

describe.each(['openai', 'anthropic', 'bedrock'] as const)('structured answers of %s', (provider) => {
  it('are the object', async () => {
    says(GOOD);
    const { object, model } = await models(server[provider]).generateStructured(request);
    expect([object, model]).toEqual([GOOD, server[provider]['MODEL_ID']]);
  });

  it('that break a bound go back once with what is wrong', async () => {
    says(BAD);
    const problems: string[] = [];
    const onRepair = (problem: string): number => problems.push(problem);
    await expect(models(server[provider]).generateStructured({ ...request, onRepair })).rejects.toMatchObject({
      fault: 'malformed',
      message: expect.stringContaining('Too big: expected string to have <=5 characters') as string,
    });
    expect(problems).toHaveLength(1);
    expect(server.mock.getRequests()).toHaveLength(2);
  });
});

describe('ids of models', () => {
  it('belong to MODEL_PROVIDER, or to the provider that they name', () => {
    const service = models({
      ...server.anthropic,
      ...server.bedrock,
      MODEL_PROVIDER: 'anthropic',
      MODEL_ID: 'claude-a',
    });
    expect(service.describe()).toEqual({ provider: 'anthropic', id: 'claude-a' });
    expect(service.describe('claude-b')).toEqual({ provider: 'anthropic', id: 'claude-b' });
    expect(service.describe('bedrock:amazon.nova-lite-v1:0')).toEqual({
      provider: 'bedrock',
      id: 'amazon.nova-lite-v1:0',
    });
    expect(service.languageModel('bedrock:amazon.nova-lite-v1:0').provider).toBe('bedrock');
  });

  it.each(['two words', '../models', 'nexus/offline', 'bedrock:'])('refuse %j', (id) => {
    expect(() => models(server.bedrock).describe(id)).toThrow(/model_id names/);
  });
});

describe('prices', () => {
  const million = { input_tokens: 1_000_000, output_tokens: 1_000_000 };

  it('are found for dated ids, set by MODEL_PRICES, and null when nobody knows', () => {
    const service = models({
      ...server.openai,
      MODEL_PRICES: '{"qwen3:8b":{"input":0,"output":0},"gpt-4o":{"input":1,"output":1}}',
    });
    const costs = ['gpt-4o', 'gpt-4o-mini-2024-07-18', 'qwen3:8b', 'unheard-of', 'constructor'].map((id) =>
      service.costOf(id, million),
    );
    expect(costs).toEqual([2, 0.75, 0, null, null]);
  });
});

describe('settings', () => {
  it('say all that the chosen provider lacks', () => {
    const start = (settings: Record<string, string>) => () => parseSettings({ ENVIRONMENT: 'test', ...settings });
    expect(start({ MODEL_PROVIDER: 'openai' })).toThrow(/MODEL_ID: .*\n.*OPENAI_API_KEY: /);
    expect(start({ MODEL_PROVIDER: 'anthropic', MODEL_ID: 'a' })).toThrow(/ANTHROPIC_API_KEY: /);
    expect(start({ MODEL_PROVIDER: 'openai', MODEL_ID: 'a', OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' })).not.toThrow();
    expect(start({ MODEL_PROVIDER: 'bedrock', MODEL_ID: 'a' })).not.toThrow();
    expect(start({ MODEL_PRICES: '{"a":1}' })).toThrow(/MODEL_PRICES: must be JSON/);
  });
});
