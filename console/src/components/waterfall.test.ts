import { expect, it } from 'vitest';
import { spansOfTrace } from './waterfall';

it('places the steps of a trace in the time of their run', () => {
  const spans = spansOfTrace(
    [
      {
        step: 1,
        type: 'model',
        name: 'nexus/offline',
        input: { model_call: 1 },
        output: { usage: { input_tokens: 900, output_tokens: 12 } },
        started_at: '2026-11-22T10:00:00.010Z',
        duration_ms: 30,
      },
      {
        step: 2,
        agent: 'clerk',
        type: 'tool',
        name: 'date_time',
        input: {},
        error: 'no such zone',
        started_at: '2026-11-22T10:00:00.050Z',
        duration_ms: 5,
      },
    ],
    '2026-11-22T10:00:00.000Z',
  );
  expect(spans).toMatchObject([
    { kind: 'model', start: 10, length: 30, status: 'success', tokens: { input: 900, output: 12 } },
    {
      kind: 'tool',
      start: 50,
      length: 5,
      status: 'failed',
      error: 'no such zone',
      tokens: undefined,
      note: 'clerk',
      depth: 1,
    },
  ]);
});
