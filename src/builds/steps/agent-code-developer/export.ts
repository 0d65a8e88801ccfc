import type { AgentDefinition } from '../../../runtimes/agent-definition.js';
import { PATHS } from '../../../stages/stage.js';
import { jsonArtifact, markdownArtifact, textArtifact } from '../../step/documents.js';
import type { StepArtifact } from '../../step/step.js';
import type { PackageText } from './prompt.js';

const DOCKERFILE = `FROM node:24-slim
WORKDIR /app
COPY package.json agent.json server.mjs ./
ENV HOST=0.0.0.0 PORT=8080 NODE_ENV=production
USER node
EXPOSE 8080
CMD ["node", "server.mjs"]
`;

/** The files of a project that serves the agent outside the platform's own routes. */
export function exportProject(definition: AgentDefinition, text: PackageText): StepArtifact[] {
  const at = (file: string) => `${PATHS.export}${file}`;
  return [
    jsonArtifact(at('package.json'), packageJson(definition)),
    markdownArtifact(at('README.md'), readmeOf(definition, text)),
    jsonArtifact(at('agent.json'), definition),
    textArtifact(at('server.mjs'), 'text/javascript', SERVER_SOURCE),
    textArtifact(at('Dockerfile'), 'text/plain', DOCKERFILE),
  ];
}

function packageJson(definition: AgentDefinition): Record<string, unknown> {
  return {
    name: definition.agent_name.replaceAll('_', '-'),
    version: '1.0.0',
    description: definition.description,
    private: true,
    type: 'module',
    engines: { node: '>=20' },
    scripts: { start: 'node server.mjs' },
  };
}

/** README.md of the exported project. */
export function readmeOf(definition: AgentDefinition, text: PackageText): string {
  return `# ${definition.display_name}

${text.introduction}

## What is in here

| file | what it is |
|---|---|
| \`agent.json\` | the agent's full definition: instructions, tools, limits, documents |
| \`server.mjs\` | a small server, Node 20 or newer, no dependencies |
| \`Dockerfile\` | puts the server into an image |

**The agent itself runs on the Nexus platform.** \`server.mjs\` does not contain a language model or the tools: it takes
messages and forwards them to the platform's invoke route. \`agent.json\` is here to be read and kept under version control.

## Run

\`\`\`sh
export NEXUS_INVOKE_URL="https://<host>/api/v1/agents/<agent_id>/invoke"   # the agent_id contains a colon
export NEXUS_API_KEY="<key>"   # sent as a bearer token; omit it if the platform requires none
npm start
\`\`\`

\`HOST\` (127.0.0.1, in the image 0.0.0.0) and \`PORT\` (8080) say where it listens.

- \`GET /ping\` → \`{"status":"Healthy","time_of_last_update":<unix seconds>}\`, \`HealthyBusy\` while it handles a request
- \`POST /invocations\` with \`{"prompt": "...", "session_id"?: "..."}\` → the platform's answer with \`output\`, \`model\` and
  \`usage\`; its events with \`Accept: text/event-stream\`. Calls with the same header
  \`X-Amzn-Bedrock-AgentCore-Runtime-Session-Id\` are one conversation.

\`\`\`sh
curl -s localhost:8080/invocations -H 'content-type: application/json' -d ${shellQuoted(JSON.stringify({ prompt: text.example_messages[0] }))}
\`\`\`

## Run it without the platform's routes

A checkout or image of Nexus serves \`agent.json\` by itself, with the same two routes and without a database:

\`\`\`sh
npm run agent-server -- /path/to/agent.json
\`\`\`

## Messages to try

${text.example_messages.map((message) => `- ${message.replace(/\s+/gu, ' ')}`).join('\n')}
`;
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * `export/server.mjs`: a Node server without dependencies with the two routes of an agent container. It forwards
 * every message to the platform, where the agent runs. It is a string here because it ships with the agent, not with the
 * platform.
 */
export const SERVER_SOURCE = `import { createServer } from 'node:http';

const invokeUrl = process.env.NEXUS_INVOKE_URL;
const apiKey = process.env.NEXUS_API_KEY;
const host = process.env.HOST ?? '127.0.0.1';
const port = Number(process.env.PORT ?? 8080);
const MAX_BODY_BYTES = 1024 * 1024;
const TIMEOUT_MS = 120_000;
const SESSION_HEADER = 'x-amzn-bedrock-agentcore-runtime-session-id';
const MAX_SESSIONS = 1000;
/** The platform's session of each session of the caller; oldest out first. */
const sessions = new Map();
let underWay = 0;
let changedAt = Math.floor(Date.now() / 1000);

if (!invokeUrl) {
  console.error('Set NEXUS_INVOKE_URL to https://<host>/api/v1/agents/<agent_id>/invoke');
  process.exit(1);
}

function count(change) {
  const wasBusy = underWay > 0;
  underWay += change;
  if (wasBusy !== underWay > 0) changedAt = Math.floor(Date.now() / 1000);
}

function remember(session, platformSession) {
  if (!session || typeof platformSession !== 'string') return;
  sessions.set(session, platformSession);
  if (sessions.size > MAX_SESSIONS) sessions.delete(sessions.keys().next().value);
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

function readMessage(text, session) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw Object.assign(new Error('The body is not JSON'), { status: 400 });
  }
  const input = body?.prompt ?? body?.input ?? body?.input_text;
  if (typeof input !== 'string' || input.trim() === '') {
    throw Object.assign(new Error('The body needs "prompt", a non-empty string'), { status: 400 });
  }
  const session_id = typeof body.session_id === 'string' ? body.session_id : sessions.get(session);
  return session_id ? { input_text: input, session_id } : { input_text: input };
}

async function call(message, accept, signal) {
  const headers = { 'content-type': 'application/json', accept };
  if (apiKey) headers.authorization = 'Bearer ' + apiKey;
  return fetch(invokeUrl, {
    method: 'POST',
    headers,
    body: JSON.stringify(message),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
}

async function whole(reply) {
  const body = await reply.json().catch(() => null);
  if (!reply.ok || !body?.success) return { status: reply.ok ? 502 : reply.status, body: { error: body?.error ?? { message: 'The platform returned an unusable response' } } };
  return { status: 200, body: body.data };
}

/** Passes the platform's events through: they are Server-Sent Events already. */
async function pass(reply, response, session) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const decoder = new TextDecoder();
  let head = '';
  for await (const chunk of reply.body) {
    if (head.length < 4096) head += decoder.decode(chunk, { stream: true });
    if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  remember(session, /"session_id":"([^"]+)"/.exec(head)?.[1]);
  response.end();
}

async function invoke(request, response) {
  const session = request.headers[SESSION_HEADER];
  const message = readMessage(await readBody(request), session);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const wantsEvents = String(request.headers.accept).includes('text/event-stream');
  const reply = await call(message, wantsEvents ? 'text/event-stream' : 'application/json', gone.signal);
  if (reply.ok && String(reply.headers.get('content-type')).startsWith('text/event-stream')) return pass(reply, response, session);
  const { status, body } = await whole(reply);
  if (status === 200) remember(session, body.session_id);
  answer(response, status, body);
}

const server = createServer((request, response) => {
  void (async () => {
    if (request.method === 'GET' && request.url === '/ping') return answer(response, 200, { status: underWay > 0 ? 'HealthyBusy' : 'Healthy', time_of_last_update: changedAt });
    if (request.method !== 'POST' || request.url !== '/invocations') return answer(response, 404, { error: { message: 'Only GET /ping and POST /invocations are served' } });
    count(1);
    try {
      await invoke(request, response);
    } catch (error) {
      if (response.headersSent) return response.destroy();
      const status = error.status ?? (error.name === 'TimeoutError' ? 504 : 502);
      answer(response, status, { error: { message: error.status ? error.message : 'The platform did not respond' } });
    } finally {
      count(-1);
    }
  })();
});

server.listen(port, host, () => console.log('Listening on http://' + host + ':' + server.address().port));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.close(() => process.exit(0)));
`;
