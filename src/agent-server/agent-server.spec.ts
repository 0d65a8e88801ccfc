import { eventually } from '../../test/support/http.js';
import { definition } from '../../test/support/local-runtime.fixture.js';
import { ObedientRuntime } from '../../test/support/obedient-runtime.js';
import { AgentServer } from './agent-server.js';
import { SessionMemory, Turns } from './turns.js';

describe('AgentServer', () => {
  let server: AgentServer;
  let url: string;

  beforeEach(async () => {
    const options = { host: '127.0.0.1', port: 0, max_body_bytes: 10_000, with_definition: false };
    server = new AgentServer(new Turns(new ObedientRuntime(), definition()), options);
    url = await server.listen();
  });

  const invoke = (prompt: string, signal?: AbortSignal): Promise<Response> =>
    fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify({ prompt }), ...(signal ? { signal } : {}) });
  const status = async (): Promise<string> =>
    ((await (await fetch(`${url}/ping`)).json()) as { status: string }).status;

  it('is busy while a call is under way, and stops it when its caller goes away', async () => {
    const caller = new AbortController();
    const call = invoke('wait 20000', caller.signal).catch((error: Error) => error.name);
    await eventually(status, (now) => now === 'HealthyBusy');
    caller.abort();
    expect(await call).toBe('AbortError');
    await eventually(status, (now) => now === 'Healthy');
    await server.stop(1_000);
  });

  it('lets a call finish before it stops', async () => {
    const call = invoke('wait 300');
    await eventually(status, (now) => now === 'HealthyBusy');
    await server.stop(5_000);
    expect(await (await call).json()).toMatchObject({ output: '0: wait 300' });
    await expect(invoke('hello')).rejects.toThrow('fetch failed');
  });

  it('ends what is not over in time', async () => {
    const call = invoke('wait 20000').catch((error: Error) => error.message);
    await eventually(status, (now) => now === 'HealthyBusy');
    await server.stop(50);
    expect(await call).toBe('fetch failed');
  });

  it('does not tell the caller how it broke', async () => {
    const response = await invoke('break');
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('secret')]);
    await server.stop(1_000);
  });
});

describe('SessionMemory', () => {
  const said = (content: string) => [{ role: 'user' as const, content }];

  it('keeps the last messages of a session', () => {
    const memory = new SessionMemory();
    for (const content of ['a', 'b', 'c']) memory.remember('s', said(content), 2);
    expect(memory.recall('s').map(({ content }) => content)).toEqual(['b', 'c']);
    expect(memory.recall('other')).toEqual([]);
  });

  it('forgets the session that was not used for longest when there are too many, or too much was said', () => {
    const memory = new SessionMemory(2, 10);
    for (const id of ['one', 'two', 'one', 'three']) memory.remember(id, said('x'), 5);
    expect(['one', 'two', 'three'].map((id) => memory.recall(id).length)).toEqual([2, 0, 1]);
    memory.remember('three', said('x'.repeat(9)), 5);
    expect(['one', 'three'].map((id) => memory.recall(id).length)).toEqual([0, 2]);
  });
});
