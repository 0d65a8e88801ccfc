// The official A2A client, over both bindings and both versions, against a running platform (npm run test:clients).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { before, describe, test } from 'node:test';
import { Role, TaskState } from '@a2a-js/sdk';
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';

const { NEXUS_URL, NEXUS_API_KEY, NEXUS_TOKEN, NEXUS_AGENT_ID } = process.env;
const AGENT = `${NEXUS_URL}/a2a/agents/${encodeURIComponent(NEXUS_AGENT_ID)}`;
const CARD = '/.well-known/agent-card.json';

const fetchImpl = (input, init = {}) => {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : {}));
  headers.set('authorization', `Bearer ${NEXUS_API_KEY}`);
  return fetch(input, { ...init, headers });
};
const factoryOf = (transport) =>
  new ClientFactory({ transports: [transport], cardResolver: new DefaultAgentCardResolver({ fetchImpl }) });
const message = (text, ids = {}) => ({
  messageId: crypto.randomUUID(),
  contextId: '',
  taskId: '',
  role: Role.ROLE_USER,
  parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' }],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
  ...ids,
});
const send = (text, ids, configuration) => ({
  tenant: '',
  message: message(text, ids),
  configuration: configuration && { acceptedOutputModes: [], taskPushNotificationConfig: undefined, ...configuration },
  metadata: undefined,
});
const answerOf = ({ artifacts }) =>
  artifacts.map(({ parts }) => parts.map(({ content }) => content.value).join('')).join('');
const recordOf = async (id) => {
  const headers = { authorization: `Bearer ${NEXUS_TOKEN}` };
  return (await (await fetch(`${NEXUS_URL}/api/v1/invocations/${id}`, { headers })).json()).data;
};

test('the card of the platform is public, that of an agent is not', async () => {
  const card = await (await fetch(NEXUS_URL + CARD, { headers: { 'A2A-Version': '1.0' } })).json();
  assert.equal(card.name, 'Nexus');
  assert.deepEqual(
    card.supportedInterfaces.map(({ protocolBinding, protocolVersion }) => `${protocolBinding} ${protocolVersion}`),
    ['JSONRPC 1.0', 'HTTP+JSON 1.0', 'JSONRPC 0.3', 'HTTP+JSON 0.3'],
  );
  assert.equal((await fetch(AGENT + CARD)).status, 401);
});

for (const [name, transport, version] of [
  ['JSON-RPC 1.0', new JsonRpcTransportFactory({ fetchImpl }), '1.0'],
  ['HTTP+JSON 1.0', new RestTransportFactory({ fetchImpl }), '1.0'],
  ['JSON-RPC 0.3', new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } }), '0.3'],
  ['HTTP+JSON 0.3', new RestTransportFactory({ fetchImpl, legacyCompat: { enabled: true } }), '0.3'],
])
  describe(name, () => {
    let client;
    before(async () => {
      const factory = factoryOf(transport);
      const headers = { 'A2A-Version': '1.0' };
      const { AgentCard } = await import('@a2a-js/sdk');
      const card = AgentCard.fromJSON(await (await fetchImpl(AGENT + CARD, { headers })).json());
      card.supportedInterfaces = card.supportedInterfaces.filter(({ protocolVersion }) => protocolVersion === version);
      client = await factory.createFromAgentCard(card);
    });

    test('sends a message and gets a task, which is an invocation', async () => {
      const task = await client.sendMessage(send('What is 15 percent of 80?'));
      assert.equal(task.status.state, TaskState.TASK_STATE_COMPLETED);
      assert.match(answerOf(task), /12/);
      const record = await recordOf(task.id);
      assert.equal(record.output, answerOf(task));
      assert.equal(record.session_id, task.contextId);
      const read = await client.getTask({ tenant: '', id: task.id });
      assert.equal(answerOf(read), answerOf(task));
      const next = await client.sendMessage(send('And 20 percent of 50?', { contextId: task.contextId }));
      assert.equal(next.contextId, task.contextId);
      assert.match(answerOf(next), /10/);
    });

    test('keeps addresses for push notifications, and reports the end of a task to them', async () => {
      const calls = [];
      const receiver = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk) => (body += chunk));
        request.on('end', () => {
          calls.push({ token: request.headers['x-a2a-notification-token'], body: JSON.parse(body) });
          response.end();
        });
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
      const url = `http://127.0.0.1:${receiver.address().port}/`;
      try {
        const task = await client.sendMessage(send('What is 15 percent of 80?', {}, { returnImmediately: true }));
        const config = { tenant: '', taskId: task.id, id: 'mine', url, token: 'secret', authentication: undefined };
        const made = await client.createTaskPushNotificationConfig(config);
        assert.deepEqual([made.taskId, made.id, made.url], [task.id, 'mine', url]);
        const { configs } = await client.listTaskPushNotificationConfig({
          ...{ tenant: '', taskId: task.id, pageSize: 10, pageToken: '' },
        });
        assert.deepEqual(
          configs.map(({ id }) => id),
          ['mine'],
        );
        for (const deadline = Date.now() + 60_000; calls.length === 0 && Date.now() < deadline;)
          await new Promise((resolve) => setTimeout(resolve, 100));
        assert.equal(calls[0].token, 'secret');
        // Version 0.3 posts the task itself, version 1.0 a stream response.
        assert.equal((calls[0].body.task ?? calls[0].body).id, task.id);
        await client.deleteTaskPushNotificationConfig({ tenant: '', taskId: task.id, id: 'mine' });
      } finally {
        receiver.close();
      }
    });

    test('streams a task from its start to its end', async () => {
      const events = [];
      for await (const { payload } of client.sendMessageStream(send('What is 3 times 4?'))) events.push(payload);
      assert.equal(events[0].$case, 'task');
      const last = events.at(-1);
      assert.equal(last.$case, 'statusUpdate');
      assert.equal(last.value.status.state, TaskState.TASK_STATE_COMPLETED);
      const pieces = events.filter(({ $case }) => $case === 'artifactUpdate').map(({ value }) => value);
      assert.equal(pieces[0].append, false);
      assert.equal(pieces.at(-1).lastChunk, true);
      const text = pieces.map(({ artifact }) => artifact.parts[0].content.value).join('');
      assert.equal((await recordOf(events[0].value.id)).output, text);
    });

    test('runs in the background, follows and reports errors', async () => {
      const configuration = { returnImmediately: true };
      const task = await client.sendMessage(send('What is 6 times 7?', {}, configuration));
      assert.ok(task.id.startsWith('inv_'));
      for (;;) {
        const { status } = await client.getTask({ tenant: '', id: task.id });
        if (status.state === TaskState.TASK_STATE_COMPLETED) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await assert.rejects(client.cancelTask({ tenant: '', id: task.id, metadata: undefined }), /ended/);
      await assert.rejects(client.getTask({ tenant: '', id: 'inv_00000000000000000000000000' }));
      await assert.rejects(client.sendMessage(send('')), /text/);
    });

    test('shows the extended card', async () => {
      const card = await client.getAgentCard({ tenant: '' });
      assert.match(card.name, /calculator/);
    });
  });

test('lists tasks, and names an agent by the tenant', async () => {
  for (const transport of [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })]) {
    const client = await factoryOf(transport).createFromUrl(NEXUS_URL);
    const task = await client.sendMessage({ ...send('What is 9 times 9?'), tenant: NEXUS_AGENT_ID });
    assert.match(answerOf(task), /81/);
    const listed = await client.listTasks({
      tenant: NEXUS_AGENT_ID,
      contextId: task.contextId,
      status: TaskState.TASK_STATE_UNSPECIFIED,
      pageToken: '',
      statusTimestampAfter: undefined,
      includeArtifacts: true,
    });
    assert.deepEqual(
      listed.tasks.map(({ id }) => id),
      [task.id],
    );
    assert.match(answerOf(listed.tasks[0]), /81/);
  }
});
