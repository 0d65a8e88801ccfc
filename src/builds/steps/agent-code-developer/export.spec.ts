import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_SOURCE } from './export.js';

describe('the exported server', () => {
  let folder: string;
  let platform: Server;
  let exported: ChildProcess;
  let url: string;
  const received: { authorization: string | undefined; body: unknown }[] = [];

  beforeAll(async () => {
    platform = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { input_text: string };
        received.push({ authorization: request.headers.authorization, body });
        if (request.headers.accept === 'text/event-stream') {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.end('event: start\ndata: {"session_id":"sess_7","model":"m"}\n\n');
          return;
        }
        const refused = body.input_text === 'refuse';
        response.writeHead(refused ? 429 : 200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify(
            refused
              ? { success: false, error: { code: 'RATE_LIMIT_EXCEEDED' } }
              : { success: true, data: { output: 'Hello' } },
          ),
        );
      });
    }).listen(0, '127.0.0.1');
    await once(platform, 'listening');
    folder = await mkdtemp(join(tmpdir(), 'nexus-export-'));
    await writeFile(join(folder, 'server.mjs'), SERVER_SOURCE);
    const invokeUrl = `http://127.0.0.1:${(platform.address() as AddressInfo).port}/api/v1/agents/a/invoke`;
    exported = spawn(process.execPath, ['server.mjs'], {
      cwd: folder,
      env: { NEXUS_INVOKE_URL: invokeUrl, NEXUS_API_KEY: 'nxs_test', PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(exported.stdout!, 'data')) as [Buffer];
    url = /http:\S+/.exec(line.toString())?.[0] ?? '';
  });

  afterAll(async () => {
    exported.kill();
    await once(exported, 'exit');
    platform.close();
    await rm(folder, { recursive: true });
  });

  const invoke = (body: string) => fetch(`${url}/invocations`, { method: 'POST', body });

  it('answers a ping', async () => {
    expect(await (await fetch(`${url}/ping`)).json()).toEqual({
      status: 'Healthy',
      time_of_last_update: expect.any(Number) as number,
    });
  });

  it('forwards a message with the key and returns the answer', async () => {
    const answer = await invoke('{"prompt":"Hi","session_id":"sess_1","more":1}');
    expect(await answer.json()).toEqual({ output: 'Hello' });
    expect(received.at(-1)).toEqual({
      authorization: 'Bearer nxs_test',
      body: { input_text: 'Hi', session_id: 'sess_1' },
    });
  });

  it('keeps the session of its caller, including in streams', async () => {
    const session = { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a'.repeat(33) };
    const streamed = await fetch(`${url}/invocations`, {
      method: 'POST',
      headers: { ...session, accept: 'text/event-stream' },
      body: '{"prompt":"Hi"}',
    });
    expect(await streamed.text()).toBe('event: start\ndata: {"session_id":"sess_7","model":"m"}\n\n');
    await fetch(`${url}/invocations`, { method: 'POST', headers: session, body: '{"input":"Again"}' });
    expect(received.at(-1)?.body).toEqual({ input_text: 'Again', session_id: 'sess_7' });
  });

  it('returns errors of the platform', async () => {
    const answer = await invoke('{"prompt":"refuse"}');
    expect([answer.status, await answer.json()]).toEqual([429, { error: { code: 'RATE_LIMIT_EXCEEDED' } }]);
  });

  it.each(['{', '{}', '{"prompt":" "}', 'null'])('refuses the body %s', async (body) => {
    expect((await invoke(body)).status).toBe(400);
  });

  it('answers 404 on any other route', async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
  });
});
