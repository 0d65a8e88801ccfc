import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { builtAgent } from '../support/built-agent.js';
import { temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { scriptedAnswer } from '../support/scripted-openai.js';
import { cancelOrderTool, cancelsOrder } from '../support/tool-user.js';

interface Run extends Record<string, unknown> {
  invocation_id: string;
  status: string;
  approvals: { approval_id: string; status: string }[];
}

let model: ModelServer;
/** Answers calls of order 1 at once; the others hang. */
let store: Server;
const calls: string[] = [];
let platform: PlatformProcess;

beforeAll(async () => {
  model = await startModelServer();
  cancelsOrder(model);
  model.mock.on({}, scriptedAnswer);
  store = createServer(({ url = '' }, response) => {
    calls.push(url);
    if (url === '/orders/1') response.setHeader('content-type', 'application/json').end('{"state":"cancelled"}');
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await platform.kill('SIGKILL');
  store.closeAllConnections();
  await new Promise((resolve) => store.close(resolve));
  await model.stop();
});

const record = async ({ invocation_id }: Run) =>
  (await platform.http.get<Run>(`/api/v1/invocations/${invocation_id}`)).data;
const hasEnded = ({ status }: Run) => status === 'success' || status === 'failed';
const approve = async ({ invocation_id, approvals: [approval] }: Run) => {
  const path = `/api/v1/invocations/${invocation_id}/approvals/${approval?.approval_id ?? ''}/decision`;
  return (await platform.http.post(path, { approve: true })).status;
};

describe('a tool call that waits for approval', () => {
  it('waits on when its process is killed, and is made once; one under way at the kill is not repeated', async () => {
    const environment = { NEXUS_DATA_DIR: temporaryDirectory(), BACKGROUND_RUN_GRACE_SECONDS: '0', ...model.openai };
    platform = await PlatformProcess.start(environment);
    const agent = await builtAgent(platform.http);
    const { port } = store.address() as AddressInfo;
    const attached = await platform.http.post('/api/v1/tools', cancelOrderTool(`http://127.0.0.1:${port}`, agent));
    expect(attached.status).toBe(201);
    const ask = async (order: number) =>
      (await platform.http.post<Run>(`${agent.path}/invoke`, { input_text: `cancel order ${order}` })).data;
    const [first, second, third] = [await ask(1), await ask(2), await ask(3)];
    await platform.kill('SIGKILL');

    platform = await PlatformProcess.start(environment);
    expect(await record(first)).toMatchObject({ status: 'waiting', approvals: [{ status: 'pending' }] });
    expect(calls).toEqual([]);
    expect(await approve(first)).toBe(200);
    expect(await eventually(() => record(first), hasEnded)).toMatchObject({ status: 'success' });
    expect(await approve(second)).toBe(200);
    await eventually(async () => calls.includes('/orders/2'), Boolean);
    expect(await approve(third)).toBe(200);
    await platform.kill('SIGKILL');

    const made = [...calls];
    platform = await PlatformProcess.start(environment);
    expect(await eventually(() => record(second), hasEnded)).toMatchObject({
      status: 'failed',
      error: { reason: 'interrupted', message: expect.stringContaining('not repeated') as string },
      approvals: [{ status: 'approved' }],
    });
    // The kill came before the third call or after it: it is made now, or it was made then.
    const thirdCalls = () => calls.filter((url) => url === '/orders/3').length;
    await eventually(async () => thirdCalls() === 1 || hasEnded(await record(third)), Boolean);
    expect(thirdCalls()).toBeLessThanOrEqual(1);
    if (made.includes('/orders/3')) expect(await record(third)).toMatchObject({ error: { reason: 'interrupted' } });
    expect(calls.filter((url) => url !== '/orders/3')).toEqual(['/orders/1', '/orders/2']);
    expect(await platform.kill('SIGTERM')).toBe(0);
    expect(recountStatistics(environment)).toEqual({ status: 0, output: '0 differences found\n' });
  });
});
