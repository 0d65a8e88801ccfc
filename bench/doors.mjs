// node bench/doors.mjs [--quick]: CPU time of each protocol, compared with POST /agents/{id}/invoke in the same run, with a model that
// answers at once. CPU time of the platform's process depends little on other work on the machine, unlike elapsed time.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { flagsOf, start } from './processes.mjs';
import { authorization, builtAgent, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 6 : 30;
const BATCH = 100;
const QUESTION = 'What is 17 * 23?';
/** The most CPU time that a protocol may add. */
const ADDED_MAX = 0.1;

const directory = dataDirectory();
const model = await start('bench/model-server.mjs', '/');
const platform = await start(
  'dist/main.js',
  '/health/ready',
  { ...settingsOf(directory), OPENAI_BASE_URL: `${model.url}/v1` },
  flagsOf('start'),
);

try {
  await signIn(platform.url);
  const { agent_id } = await builtAgent(platform.url);
  const id = encodeURIComponent(agent_id);
  const path = `/api/v1/agents/${id}`;
  await call(platform.url, 'PUT', path, { model_id: 'openai:zero' });
  const json = { 'content-type': 'application/json', ...authorization(platform.url) };
  const events = { ...json, accept: 'text/event-stream' };
  const messages = [{ role: 'user', content: QUESTION }];
  /** Each protocol beside the route that it is compared with. */
  const doors = [
    { name: 'invoke', path: `${path}/invoke`, headers: json, body: { input_text: QUESTION } },
    {
      name: 'OpenAI chat',
      path: '/v1/chat/completions',
      headers: json,
      body: { model: agent_id, messages },
      base: 'invoke',
    },
    {
      name: 'OpenAI responses, not stored',
      path: '/v1/responses',
      headers: json,
      body: { model: agent_id, input: QUESTION, store: false },
      base: 'invoke',
    },
    {
      name: 'OpenAI responses',
      path: '/v1/responses',
      headers: json,
      body: { model: agent_id, input: QUESTION },
      base: 'invoke',
    },
    { name: 'invoke, streamed', path: `${path}/invoke`, headers: events, body: { input_text: QUESTION } },
    {
      name: 'OpenAI chat, streamed',
      path: '/v1/chat/completions',
      headers: json,
      body: { model: agent_id, messages, stream: true },
      base: 'invoke, streamed',
    },
    {
      name: 'OpenAI responses, streamed',
      path: '/v1/responses',
      headers: json,
      body: { model: agent_id, input: QUESTION, stream: true },
      base: 'invoke, streamed',
    },
    {
      name: 'AG-UI, streamed',
      path: `/ag-ui/agents/${id}`,
      headers: json,
      body: () => ({ threadId: randomUUID(), runId: randomUUID(), messages: [{ id: '1', ...messages[0] }] }),
      base: 'invoke, streamed',
    },
    {
      name: 'AI SDK, streamed',
      path: `/ai-sdk/agents/${id}/chat`,
      headers: json,
      body: () => ({
        id: randomUUID(),
        messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: QUESTION }] }],
      }),
      base: 'invoke, streamed',
    },
    {
      name: 'MCP tool, 2025-11-25',
      path: `/mcp/agents/${id}`,
      headers: { ...json, accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
      body: {
        ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
        params: { name: agent_id.split(':')[1], arguments: { message: QUESTION } },
      },
      base: 'invoke',
    },
    {
      name: 'MCP tool, 2026-07-28',
      path: `/mcp/agents/${id}`,
      headers: {
        ...json,
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': agent_id.split(':')[1],
      },
      body: {
        ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
          name: agent_id.split(':')[1],
          arguments: { message: QUESTION },
        },
      },
      base: 'invoke',
    },
    {
      name: 'A2A',
      path: `/a2a/agents/${id}`,
      headers: { ...json, 'a2a-version': '1.0' },
      body: () => ({
        ...{ jsonrpc: '2.0', id: 1, method: 'SendMessage' },
        params: { message: { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ text: QUESTION }] } },
      }),
      base: 'invoke',
    },
  ].map((door) => ({ ...door, cpu: [], times: [] }));

  const ask = async ({ path: route, headers, body }) => {
    const sent = JSON.stringify(typeof body === 'function' ? body() : body);
    const response = await fetch(platform.url + route, { method: 'POST', headers, body: sent });
    const text = await response.text();
    if (response.status !== 200 || !text.includes('391'))
      throw new Error(`${route} answered ${response.status}: ${text}`);
  };
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++)
    for (const door of doors) {
      const before = platform.cpu_seconds() * 1_000;
      for (let each = 0; each < BATCH; each++) {
        const began = performance.now();
        await ask(door);
        if (round > 0) door.times.push(performance.now() - began);
      }
      if (round > 0) door.cpu.push((platform.cpu_seconds() * 1_000 - before) / BATCH);
    }

  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const byName = new Map(doors.map((door) => [door.name, { cpu: median(door.cpu), p50: median(door.times) }]));
  console.table(
    doors.map(({ name, base }) => {
      const { cpu, p50 } = byName.get(name);
      const against = byName.get(base);
      const added = against && cpu / against.cpu - 1;
      return {
        name,
        'CPU ms': cpu.toFixed(2),
        'p50 ms': p50.toFixed(2),
        'added CPU': against ? `${(added * 100).toFixed(0)} %` : '',
        'added p50': against ? `${((p50 / against.p50 - 1) * 100).toFixed(0)} %` : '',
        met: against ? (added <= ADDED_MAX ? 'yes' : 'NO') : '',
      };
    }),
  );
} finally {
  await platform.stop();
  await model.stop();
  rmSync(directory, { recursive: true, force: true });
}
