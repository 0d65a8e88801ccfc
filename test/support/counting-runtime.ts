import { setTimeout as delay } from 'node:timers/promises';
import { AgentRunError, type AgentEvent, type AgentRun } from '../../src/runtimes/agent-runtime.js';
import { ObedientRuntime } from './obedient-runtime.js';

/**
 * Counts aloud when told `count <to> every <ms>`, with `of <length>` in words of so many characters; obeys otherwise. Knows how
 * far it came, and what ended before its time.
 */
export class CountingRuntime extends ObedientRuntime {
  counted = 0;
  stopped: string[] = [];
  /** How many counted at the same time at most. */
  most = 0;
  private underWay = 0;

  override async *run(run: AgentRun): AsyncGenerator<AgentEvent> {
    const [, to, every, length] = /^count (\d+) every (\d+)(?: of (\d+))?$/.exec(run.input) ?? [];
    if (to === undefined) {
      yield* super.run(run);
      return;
    }
    let isOver = false;
    this.most = Math.max(this.most, ++this.underWay);
    let output = '';
    try {
      yield { type: 'start', model: 'test/counting' };
      for (let number = 1; number <= Number(to); number++) {
        if (run.signal?.aborted) throw new AgentRunError('cancelled', 'The run was cancelled.');
        await delay(Number(every), undefined, run.signal ? { signal: run.signal } : {}).catch(() => undefined);
        const text = `${number} `.padEnd(Number(length ?? 0), '.');
        this.counted = number;
        output = `${output}${text}`.slice(-1_000);
        yield { type: 'delta', text };
      }
      isOver = true;
    } finally {
      this.underWay -= 1;
      if (!isOver) this.stopped.push(run.input);
    }
    const usage = { input_tokens: 3, output_tokens: Number(to) };
    yield { type: 'done', result: { output, model: 'test/counting', usage, cost_usd: null, steps: [] } };
  }
}
