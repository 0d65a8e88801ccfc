import { setTimeout as delay } from 'node:timers/promises';
import { AgentRunError, type AgentEvent, type AgentRun, AgentRuntime } from '../../src/runtimes/agent-runtime.js';

const USAGE = { input_tokens: 1, output_tokens: 2 };

/** Does what its input says: fails for a reason, takes its time, breaks, or answers how much it remembers and what was said. */
export class ObedientRuntime extends AgentRuntime {
  override readonly kind = 'local';

  override async *run({ input, signal, history }: AgentRun): AsyncGenerator<AgentEvent> {
    yield { type: 'start', model: 'test/obedient' };
    const reason = /^fail (model|timeout|runtime|limit)$/.exec(input)?.[1];
    if (reason) throw new AgentRunError(reason as 'model', `failed as told: ${reason}`);
    if (input === 'break') throw new TypeError('secret.internals is not a function');
    const wait = Number(/^wait (\d+)$/.exec(input)?.[1] ?? 0);
    await delay(wait, undefined, signal ? { signal } : {}).catch(() => {
      throw new AgentRunError('cancelled', 'The caller went away');
    });
    const output = `${history.length}: ${input}`;
    yield { type: 'delta', text: output };
    yield { type: 'done', result: { output, model: 'test/obedient', usage: USAGE, cost_usd: 0, steps: [] } };
  }

  override deploy(): Promise<{ region: null; agentcore_config: null }> {
    return Promise.resolve({ region: null, agentcore_config: null });
  }

  override undeploy(): Promise<void> {
    return Promise.resolve();
  }

  override health(): Promise<{ ready: boolean; message: string }> {
    return Promise.resolve({ ready: true, message: 'obeys' });
  }
}
