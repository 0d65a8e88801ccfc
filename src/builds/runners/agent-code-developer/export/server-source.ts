/**
 * `export/server.mjs`: a Node server without dependencies that speaks the two routes of an agent container and hands
 * every message on to the platform, where the agent runs. It is a text here because it ships with the agent, not with
 * the platform.
 */
export const SERVER_SOURCE = `import { createServer } from 'node:http';

const invokeUrl = process.env.NEXUS_INVOKE_URL;
const apiKey = process.env.NEXUS_API_KEY;
const host = process.env.HOST ?? '127.0.0.1';
const port = Number(process.env.PORT ?? 8080);
const MAX_BODY_BYTES = 1024 * 1024;
const TIMEOUT_MS = 120_000;

if (!invokeUrl) {
  console.error('Set NEXUS_INVOKE_URL to https://<host>/api/v1/agents/<agent_id>/invoke');
  process.exit(1);
}

function answer(response, status, body) {
  const json = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw Object.assign(new Error('The body is larger than 1 MB'), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readMessage(text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw Object.assign(new Error('The body is not JSON'), { status: 400 });
  }
  const input = body?.prompt ?? body?.input_text;
  if (typeof input !== 'string' || input.trim() === '') {
    throw Object.assign(new Error('The body needs "prompt": a non-empty text'), { status: 400 });
  }
  return typeof body.session_id === 'string' ? { input_text: input, session_id: body.session_id } : { input_text: input };
}

async function forward(message) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (apiKey) headers.authorization = 'Bearer ' + apiKey;
  const reply = await fetch(invokeUrl, {
    method: 'POST',
    headers,
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = await reply.json().catch(() => null);
  if (!reply.ok || !body?.success) return { status: reply.ok ? 502 : reply.status, body: { error: body?.error ?? { message: 'The platform gave no usable answer' } } };
  return { status: 200, body: body.data };
}

const server = createServer((request, response) => {
  void (async () => {
    if (request.method === 'GET' && request.url === '/ping') return answer(response, 200, { status: 'Healthy' });
    if (request.method !== 'POST' || request.url !== '/invocations') return answer(response, 404, { error: { message: 'Only GET /ping and POST /invocations' } });
    try {
      const { status, body } = await forward(readMessage(await readBody(request)));
      answer(response, status, body);
    } catch (error) {
      const status = error.status ?? (error.name === 'TimeoutError' ? 504 : 502);
      answer(response, status, { error: { message: error.status ? error.message : 'The platform did not answer' } });
    }
  })();
});

server.listen(port, host, () => console.log('Listening on http://' + host + ':' + server.address().port));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.close(() => process.exit(0)));
`;
