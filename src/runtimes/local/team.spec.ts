import type { LanguageModelV4, LanguageModelV4Content, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { definition, localRuntime } from '../../../test/support/local-runtime.fixture.js';
import type { AgentEvent, AgentResult, AgentRun, HeldRun } from '../agent-runtime.js';

/** What the model says to a prompt: calls of tools, or a text. */
type Said = string | { tool: string; input: object; id?: string }[];

/** A model that answers by who is asked and by how many results it has read; each call costs 10 tokens in and 1 out. */
function played(part: (who: string, results: string[], prompt: LanguageModelV4Prompt) => Said | Promise<Said>) {
  const model: LanguageModelV4 = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'test/played',
    supportedUrls: {},
    doStream: () => Promise.reject(new Error('not used')),
    doGenerate: async ({ prompt }) => {
      const [system] = prompt;
      const who = /^You are (\w+)/.exec(system?.role === 'system' ? system.content : '')?.[1] ?? '';
      const said = await part(who, resultsIn(prompt), prompt);
      const content: LanguageModelV4Content[] =
        typeof said === 'string'
          ? [{ type: 'text', text: said }]
          : said.map(({ tool, input, id = `call_${tool}` }) => ({
              ...{ type: 'tool-call', toolCallId: id, toolName: tool },
              input: JSON.stringify(input),
            }));
      return {
        content,
        finishReason: { unified: typeof said === 'string' ? 'stop' : 'tool-calls', raw: undefined },
        usage: {
          inputTokens: { total: 10, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
          outputTokens: { total: 1, text: undefined, reasoning: undefined },
        },
        warnings: [],
      };
    },
  };
  return localRuntime(model);
}

function resultsIn(prompt: LanguageModelV4Prompt): string[] {
  return prompt.flatMap((message) =>
    message.role === 'tool'
      ? message.content.flatMap((part) =>
          part.type === 'tool-result' && 'value' in part.output
            ? [typeof part.output.value === 'string' ? part.output.value : JSON.stringify(part.output.value)]
            : [],
        )
      : [],
  );
}

const member = (name: string) => ({
  name,
  description: `Knows ${name}`,
  role: name,
  system_prompt: `You are ${name}.`,
  tools: [{ kind: 'builtin' as const, name: 'calculator' }],
});
const ask = (name: string, id = `call_${name}`) => ({ tool: `ask_${name}`, input: { task: `Do ${name}` }, id });
const sum = (expression: string, id = 'call_sum') => ({ tool: 'calculator', input: { expression }, id });

const TEAM = definition({
  system_prompt: 'You are supervisor.',
  tools: [{ kind: 'builtin', name: 'calculator' }],
  team: [member('ada'), member('bob')],
});
/** Each call of the calculator waits for a person. */
const CAREFUL = { ...TEAM, requires_approval: ['calculator'] };

async function finished(runtime: ReturnType<typeof localRuntime>, run: Partial<AgentRun> = {}) {
  const events: AgentEvent[] = [];
  for await (const event of runtime.run({
    ...{ org_id: 'acme', session_id: 'sess_1', agent_id: 'proj_1:team', definition: TEAM },
    ...{ input: 'Go', history: [], quiet: true },
    ...run,
  }))
    events.push(event);
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('The run did not end');
  return last.result;
}

const heldIn = ({ held }: AgentResult): HeldRun => {
  if (!held) throw new Error('The run is not held');
  // It is stored as JSON.
  return JSON.parse(JSON.stringify(held)) as HeldRun;
};
const approving = (held: HeldRun, refused: string[] = []): Partial<AgentRun> => ({
  definition: CAREFUL,
  may_hold: true,
  resumed: {
    held,
    decisions: held.calls.map(({ call_id }) => ({
      call_id,
      approved: !refused.includes(call_id),
      refusal: 'A person said no',
    })),
  },
});
const calledIn = ({ steps }: AgentResult) => steps.map(({ agent, name }) => `${agent ?? 'supervisor'} ${name}`);

describe('a team', () => {
  it('works on at most four tasks at the same time, and on all of them', async () => {
    let now = 0;
    let most = 0;
    const tasks = Array.from({ length: 10 }, (_, index) => ask('ada', `call_${index}`));
    const runtime = played(async (who, results) => {
      if (who === 'supervisor') return results.length === 0 ? tasks : `${results.length} results`;
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return 'Done';
    });
    const { output, usage } = await finished(runtime);
    expect([output, most, usage]).toEqual(['10 results', 4, { input_tokens: 120, output_tokens: 12 }]);
  });

  it('is bounded by the tokens of the run, which its members share', async () => {
    const runtime = played((who) => (who === 'supervisor' ? [ask('ada'), ask('bob')] : [sum('1 + 1')]));
    const limits = { ...TEAM.limits, max_total_tokens: 50 };
    const error: unknown = await finished(runtime, { definition: { ...TEAM, limits } }).catch(
      (thrown: unknown) => thrown,
    );
    // The supervisor and then both members, two calls each.
    expect(error).toMatchObject({
      reason: 'limit',
      message: 'The agent did not finish within 50 tokens.',
      usage: { input_tokens: 50, output_tokens: 5 },
    });
  });

  it('reads an empty task as a fault of the call', async () => {
    const runtime = played((_, results) => results[0] ?? [{ tool: 'ask_ada', input: { task: ' ' } }]);
    expect((await finished(runtime)).output).toBe('Invalid input for tool ask_ada: task must be a non-empty string');
  });
});

describe('members whose calls need approval', () => {
  const both = played((who, results) => {
    if (who === 'supervisor')
      return results.length === 0 ? [ask('ada'), ask('bob'), sum('5 + 5')] : `Heard ${results.toSorted().join(', ')}`;
    if (results.length === 0) return [sum(who === 'ada' ? '1 + 1' : '2 + 2')];
    return `${who} got ${/"result":"(\d+)"/.exec(results[0] ?? '')?.[1] ?? results[0]}`;
  });

  it('wait together with the calls of the supervisor, and go on when all are decided', async () => {
    const waiting = await finished(both, { definition: CAREFUL, may_hold: true });
    const held = heldIn(waiting);
    expect(held.calls.map(({ call_id, agent, input }) => [call_id, agent, input])).toEqual([
      ['call_sum', undefined, { expression: '5 + 5' }],
      ['call_ada.call_sum', 'ada', { expression: '1 + 1' }],
      ['call_bob.call_sum', 'bob', { expression: '2 + 2' }],
    ]);
    expect(waiting.usage.input_tokens).toBe(30);
    const ended = await finished(both, approving(held, ['call_bob.call_sum']));
    expect(ended.output).toContain('ada got 2');
    expect(ended.output).toContain('bob got A person said no');
    expect(ended.output).toContain('"result":"10"');
    expect(ended.usage.input_tokens).toBe(60);
    expect(ended.steps.map(({ step }) => step)).toEqual(ended.steps.map((_, index) => index + 1));
    const asked = ended.steps.filter(({ name }) => name.startsWith('ask_'));
    expect(asked.map(({ name, output }) => [name, output])).toEqual([
      ['ask_ada', 'ada got 2'],
      ['ask_bob', 'bob got A person said no'],
    ]);
  });

  it('may wait again after a decision', async () => {
    const twice = played((who, results) => {
      if (who === 'supervisor') return results[0] ?? [ask('ada')];
      return results.length < 2 ? [sum(`${results.length} + 1`, `call_${results.length}`)] : 'Both done';
    });
    const first = heldIn(await finished(twice, { definition: CAREFUL, may_hold: true }));
    const second = heldIn(await finished(twice, approving(first)));
    expect(second.calls.map(({ call_id }) => call_id)).toEqual(['call_ada.call_1']);
    const ended = await finished(twice, approving(second));
    expect([ended.output, ended.usage.input_tokens]).toEqual(['Both done', 50]);
    expect(calledIn(ended).filter((name) => name.endsWith('calculator'))).toEqual(['ada calculator', 'ada calculator']);
  });

  it('wait inside a task that itself needed approval', async () => {
    const definitionOfBoth = { ...TEAM, requires_approval: ['calculator', 'ask_ada'] };
    const one = played((who, results) => {
      if (who === 'supervisor') return results[0] ?? [ask('ada')];
      return results.length === 0 ? [sum('3 + 4')] : 'It is 7';
    });
    const task = heldIn(await finished(one, { definition: definitionOfBoth, may_hold: true }));
    expect(task.calls).toEqual([{ call_id: 'call_ada', tool: 'ask_ada', input: { task: 'Do ada' } }]);
    const call = heldIn(await finished(one, { ...approving(task), definition: definitionOfBoth }));
    expect(call.calls.map(({ call_id }) => call_id)).toEqual(['call_ada.call_sum']);
    expect((await finished(one, { ...approving(call), definition: definitionOfBoth })).output).toBe('It is 7');
  });

  it('are not waited for beside a call of the caller', async () => {
    const runtime = played((who) => {
      if (who === 'supervisor') return [ask('ada'), { tool: 'theirs', input: {} }];
      return [sum('1 + 1')];
    });
    const tools = [{ name: 'theirs', input_schema: { type: 'object' } }];
    const { held, finish_reason, steps } = await finished(runtime, {
      definition: CAREFUL,
      may_hold: true,
      options: { tools },
    });
    expect([held, finish_reason]).toEqual([undefined, 'tool_calls']);
    expect(steps.find(({ name }) => name === 'ask_ada')?.error).toContain('together with calls of the caller');
  });

  it('fail as their tool does in a run that cannot wait', async () => {
    const ended = await finished(both, { definition: CAREFUL });
    expect(ended.output).toContain("ada got calculator needs a person's approval, which this run cannot wait for");
  });

  it('continue a run that version 1.0.0 held, whose usage is that of its model', async () => {
    const own = played((_, results) => (results.length === 0 ? [sum('5 + 5')] : 'Ten'));
    const { models: _models, ...old } = heldIn(await finished(own, { definition: CAREFUL, may_hold: true }));
    const ended = await finished(own, approving(old));
    expect([ended.output, ended.usage]).toEqual(['Ten', { input_tokens: 20, output_tokens: 2 }]);
  });
});
