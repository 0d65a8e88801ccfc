import fc from 'fast-check';
import type { RunStreamEvent } from '../../invocations/run-feed.js';
import type { StreamEvent } from '../../platform/http/event-stream.js';
import { ResponseEvents } from './response-events.js';

type Data = Record<string, unknown> & { type: string; sequence_number: number };
interface Item {
  id: string;
  type: string;
  status: string;
}

const START = { invocation_id: 'inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R', session_id: 's', model: 'm' };
const usage = { input_tokens: 1, output_tokens: 2 };

/** What a run may do: say something, use a tool of its own, and at last call tools of its caller. */
const runs = fc
  .record({
    steps: fc.array(fc.oneof(fc.constantFrom('a', '\n\nb', 'c d'), fc.integer({ min: 0, max: 3 })), { maxLength: 12 }),
    calls: fc.integer({ min: 0, max: 2 }),
    end: fc.constantFrom('done', 'error'),
  })
  .map(({ steps, calls, end }) => {
    let output = '';
    const events: [string, unknown][] = [['start', START]];
    for (const [index, step] of steps.entries()) {
      if (typeof step === 'string') {
        output += step;
        events.push(['delta', { text: step }]);
        continue;
      }
      const call = { call_id: `c${index}`, tool: 't', input: { step } };
      events.push(['tool_call', call]);
      if (step > 0) events.push(['tool_result', { ...call, ...(step > 1 ? { output: step } : { error: 'no' }) }]);
    }
    for (let each = 0; each < calls; each++)
      events.push(['caller_call', { call_id: `f${each}`, tool: 'f', arguments: '{}' }]);
    const done = { output, usage, created_at: '2026-11-20T10:00:00.000Z', duration_ms: 5 };
    events.push(end === 'done' ? ['done', done] : ['error', { message: 'no', details: { reason: 'model' } }]);
    return events.map(([event, data], index): RunStreamEvent => ({ id: String(index + 1), event, data }));
  });

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

async function translated(run: readonly RunStreamEvent[], after?: number): Promise<Data[]> {
  const events: StreamEvent[] = [];
  for await (const event of ResponseEvents.of(each(run), { agent_id: 'p:a', echo: {} }, after)) events.push(event);
  return events.map(({ data }) => data as Data);
}

describe('ResponseEvents', () => {
  it('numbers every event, begins with created and ends once', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const events = await translated(run);
        expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
        expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['response.created', 'response.in_progress']);
        const ends = events.filter(({ type }) => type === 'response.completed' || type === 'response.failed');
        expect(ends).toEqual([events.at(-1)]);
      }),
    );
  });

  it('opens each item once, closes it before the response is completed, and puts it into the output', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const events = await translated(run);
        const added = events.filter(({ type }) => type === 'response.output_item.added');
        expect(added.map(({ output_index }) => output_index)).toEqual(added.map((_, index) => index));
        const { output } = events.at(-1)?.['response'] as { output: Item[] };
        expect(output.map(({ id }) => id)).toEqual(added.map(({ item }) => (item as Item).id));
        const done = events.filter(({ type }) => type === 'response.output_item.done');
        for (const { item, output_index } of done) expect(output[output_index as number]).toEqual(item);
        const closed = new Set(done.map(({ output_index }) => output_index));
        for (const [index, { status }] of output.entries())
          if (!closed.has(index)) expect(status).not.toBe('completed');
      }),
    );
  });

  it('gives deltas that add up to the text that is done', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const texts = new Map<unknown, string>();
        for (const { type, item_id, delta, text } of await translated(run)) {
          if (type === 'response.output_text.delta') texts.set(item_id, (texts.get(item_id) ?? '') + String(delta));
          if (type === 'response.output_text.done') expect(texts.get(item_id)).toBe(text);
        }
      }),
    );
  });

  it('resumes after any event', async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.nat(40), async (run, after) => {
        expect(await translated(run, after)).toEqual((await translated(run)).slice(after + 1));
      }),
    );
  });
});
