import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { Metrics } from '../platform/observability/metrics.js';
import { ModelError } from './model-error.js';
import { ModelMetrics } from './observed-model.js';

const CALL = { prompt: [] };
const DELTA: LanguageModelV4StreamPart = { type: 'text-delta', id: '1', delta: 'word' };

function observed(part: Partial<LanguageModelV4>) {
  const metrics = new Metrics();
  const model = {
    ...{ specificationVersion: 'v4', provider: 'p', modelId: 'm', supportedUrls: {} },
    ...part,
  } as LanguageModelV4;
  const counted = async (): Promise<string[]> =>
    (await metrics.registry.metrics()).split('\n').filter((line) => /^nexus_model_\w+_count/.test(line));
  return { model: new ModelMetrics(metrics).observed(model, { provider: 'p', model: 'm' }), counted };
}

const streaming = (...parts: (LanguageModelV4StreamPart | Error)[]): Partial<LanguageModelV4> => ({
  doStream: async () => ({
    stream: new ReadableStream<LanguageModelV4StreamPart>({
      pull(controller) {
        const next = parts.shift();
        if (next === undefined) controller.close();
        else if (next instanceof Error) controller.error(next);
        else controller.enqueue(next);
      },
    }),
  }),
});

async function read(model: LanguageModelV4): Promise<void> {
  const { stream } = await model.doStream(CALL);
  for await (const part of stream) void part;
}

const call = (outcome: string) =>
  `nexus_model_call_duration_seconds_count{provider="p",model="m",outcome="${outcome}"} 1`;
const FIRST = 'nexus_model_first_token_seconds_count{provider="p",model="m"} 1';

it('times a call by its outcome', async () => {
  const fine = observed({ doGenerate: () => Promise.resolve({} as never) });
  await fine.model.doGenerate(CALL);
  expect(await fine.counted()).toEqual([call('success')]);
  const slow = observed({ doGenerate: () => Promise.reject(new ModelError('late', { fault: 'timeout' })) });
  await expect(slow.model.doGenerate(CALL)).rejects.toThrow('late');
  expect(await slow.counted()).toEqual([call('timeout')]);
});

it('times a stream until its first word and until its end', async () => {
  const { model, counted } = observed(streaming({ type: 'stream-start', warnings: [] }, DELTA, DELTA));
  await read(model);
  expect(await counted()).toEqual([call('success'), FIRST]);
});

it('tells a stream that broke, that reported an error, and that its reader left', async () => {
  const broken = observed(streaming(DELTA, new ModelError('gone', { fault: 'outage' })));
  await expect(read(broken.model)).rejects.toThrow('gone');
  expect(await broken.counted()).toEqual([call('outage'), FIRST]);
  const faulty = observed(streaming({ type: 'error', error: new ModelError('busy', { fault: 'rate_limit' }) }));
  await read(faulty.model);
  expect(await faulty.counted()).toEqual([call('rate_limit')]);
  const left = observed(streaming(DELTA, DELTA));
  const reader = (await left.model.doStream(CALL)).stream.getReader();
  await reader.read();
  await reader.cancel();
  expect(await left.counted()).toEqual([call('cancelled'), FIRST]);
});
