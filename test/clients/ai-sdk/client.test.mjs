// The AI SDK's chat with its default transport, as useChat uses it, and its OpenAI-compatible provider (npm run test:clients).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Chat } from '@ai-sdk/react';
import { DefaultChatTransport, generateText, streamText } from 'ai';

const { NEXUS_URL, NEXUS_API_KEY, NEXUS_TOKEN, NEXUS_AGENT_ID } = process.env;
const api = `${NEXUS_URL}/ai-sdk/agents/${encodeURIComponent(NEXUS_AGENT_ID)}/chat`;
const headers = { Authorization: `Bearer ${NEXUS_API_KEY}` };

const textOf = ({ parts }) =>
  parts
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text)
    .join('');
const get = async (path) => {
  const authorization = { headers: { authorization: `Bearer ${NEXUS_TOKEN}` } };
  return (await (await fetch(`${NEXUS_URL}/api/v1/${path}`, authorization)).json()).data;
};

test('a chat streams text and tools, remembers what was said, and is one record a turn', async () => {
  const errors = [];
  const chat = new Chat({
    transport: new DefaultChatTransport({ api, headers }),
    onError: (error) => errors.push(error),
  });
  await chat.sendMessage({ text: 'What is 15 percent of 80?' });
  assert.deepEqual(errors, []);
  assert.equal(chat.status, 'ready');
  const answer = chat.messages.at(-1);
  assert.equal(answer.role, 'assistant');
  assert.match(textOf(answer), /12/);
  const tool = answer.parts.find(({ type }) => type === 'dynamic-tool');
  assert.equal(tool.toolName, 'calculator');
  assert.equal(tool.state, 'output-available');
  const record = await get(`invocations/${answer.metadata.invocation_id}`);
  assert.equal(record.output, textOf(answer));
  await chat.sendMessage({ text: 'And 20 percent of 50?' });
  assert.deepEqual(errors, []);
  assert.match(textOf(chat.messages.at(-1)), /10/);
});

test('a chat continues a session', async () => {
  const first = new Chat({ transport: new DefaultChatTransport({ api, headers }) });
  await first.sendMessage({ text: 'What is 2 times 21?' });
  const { session_id } = first.messages.at(-1).metadata;
  const next = new Chat({ transport: new DefaultChatTransport({ api, headers, body: { session_id } }) });
  await next.sendMessage({ text: 'What is 1 plus 1?' });
  assert.equal(next.messages.at(-1).metadata.session_id, session_id);
  assert.equal((await get(`sessions/${session_id}/messages`)).messages.length, 4);
});

test('a refusal is the error of the chat', async () => {
  const errors = [];
  const chat = new Chat({ transport: new DefaultChatTransport({ api }), onError: (error) => errors.push(error) });
  await chat.sendMessage({ text: 'Hello' });
  assert.match(errors[0].message, /UNAUTHENTICATED/);
});

test('createOpenAICompatible uses an agent as a model', async () => {
  const nexus = createOpenAICompatible({ name: 'nexus', baseURL: `${NEXUS_URL}/v1`, apiKey: NEXUS_API_KEY });
  const { text, usage } = await generateText({ model: nexus(NEXUS_AGENT_ID), prompt: 'What is 6 times 7?' });
  assert.match(text, /42/);
  assert.ok(usage.totalTokens > 0);
  const { textStream } = streamText({ model: nexus(NEXUS_AGENT_ID), prompt: 'What is 9 times 9?' });
  let streamed = '';
  for await (const piece of textStream) streamed += piece;
  assert.match(streamed, /81/);
});
