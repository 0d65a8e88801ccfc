// The official AG-UI client, which checks the order of all events itself, against a running platform (npm run test:clients).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpAgent } from '@ag-ui/client';

const { NEXUS_URL, NEXUS_API_KEY, NEXUS_TOKEN, NEXUS_AGENT_ID } = process.env;
const url = `${NEXUS_URL}/ag-ui/agents/${encodeURIComponent(NEXUS_AGENT_ID)}`;
const headers = { Authorization: `Bearer ${NEXUS_API_KEY}` };

const user = (content) => ({ id: crypto.randomUUID(), role: 'user', content });
/** Runs and collects the types of all events. */
async function run(agent, parameters = {}) {
  const events = [];
  const result = await agent.runAgent(parameters, { onEvent: ({ event }) => void events.push(event) });
  return { events, types: events.map(({ type }) => type), ...result };
}
const recordOf = async (id) => {
  const authorization = { headers: { authorization: `Bearer ${NEXUS_TOKEN}` } };
  return (await (await fetch(`${NEXUS_URL}/api/v1/invocations/${id}`, authorization)).json()).data;
};

test('runs an agent: messages, tool calls, steps and state in order; one record', async () => {
  const agent = new HttpAgent({ url, headers, initialMessages: [user('What is 15 percent of 80?')] });
  agent.setState({ shop: 'bikes' });
  const { events, types, newMessages, result } = await run(agent);
  assert.equal(types[0], 'RUN_STARTED');
  assert.equal(types.at(-1), 'RUN_FINISHED');
  for (const type of ['STATE_SNAPSHOT', 'STEP_STARTED', 'TOOL_CALL_RESULT', 'STEP_FINISHED', 'TEXT_MESSAGE_END'])
    assert.ok(types.includes(type), type);
  assert.match(newMessages.at(-1).content, /12/);
  assert.deepEqual(agent.state, { shop: 'bikes' });
  const { value } = events.find(({ type, name }) => type === 'CUSTOM' && name === 'nexus.run');
  const record = await recordOf(value.invocation_id);
  assert.equal(record.status, 'success');
  assert.equal(record.output, newMessages.at(-1).content);
  assert.equal(result.invocation_id, value.invocation_id);

  agent.addMessage(user('And 20 percent of 50?'));
  assert.match((await run(agent)).newMessages.at(-1).content, /10/);
});

test('continues a session whose id is the thread', async () => {
  const first = new HttpAgent({ url, headers, initialMessages: [user('My name is Ada. What is 2 times 21?')] });
  const { result } = await run(first);
  const next = new HttpAgent({
    url,
    headers,
    threadId: result.session_id,
    initialMessages: [user('What is 1 plus 1?')],
  });
  const second = await run(next);
  assert.equal(second.result.session_id, result.session_id);
  const authorization = { headers: { authorization: `Bearer ${NEXUS_TOKEN}` } };
  const messages = await fetch(`${NEXUS_URL}/api/v1/sessions/${result.session_id}/messages`, authorization);
  assert.equal((await messages.json()).data.messages.length, 4);
});

test('stops when the client aborts, and refuses what it must as an HTTP error', async () => {
  const agent = new HttpAgent({ url, headers, initialMessages: [user('What is 3 times 4?')] });
  const running = run(agent);
  agent.abortRun();
  await running.catch(() => undefined);
  const stranger = new HttpAgent({ url, initialMessages: [user('Hello')] });
  await assert.rejects(run(stranger), /401/);
  const nothing = new HttpAgent({ url: `${NEXUS_URL}/ag-ui/agents/none`, headers, initialMessages: [user('Hello')] });
  await assert.rejects(run(nothing), /404/);
});
