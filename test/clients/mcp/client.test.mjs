// The official MCP client, in both revisions that it speaks, against a running platform (npm run test:clients).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { NEXUS_URL, NEXUS_API_KEY, NEXUS_TOKEN, NEXUS_AGENT_ID, NEXUS_AGENT_NAME } = process.env;

async function connected(mode, { path = '/mcp', headers = { authorization: `Bearer ${NEXUS_API_KEY}` } } = {}) {
  const client = new Client({ name: 'nexus-test', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(NEXUS_URL + path), { requestInit: { headers } }));
  return client;
}

const recordOf = async (id) => {
  const headers = { authorization: `Bearer ${NEXUS_TOKEN}` };
  return (await (await fetch(`${NEXUS_URL}/api/v1/invocations/${id}`, { headers })).json()).data;
};

for (const [mode, revision] of [
  ['auto', '2026-07-28'],
  ['legacy', '2025-11-25'],
])
  describe(`revision ${revision}`, () => {
    let client;
    before(async () => {
      client = await connected(mode);
    });
    after(() => client.close());

    test('is agreed on, by a server that says who it is', () => {
      assert.equal(client.getNegotiatedProtocolVersion(), revision);
      assert.equal(client.getServerVersion().name, 'nexus');
      assert.match(client.getInstructions(), /search_agents/);
    });

    test('lists the platform and its agents as tools, and calls an agent', async () => {
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      for (const name of ['search_agents', 'start_build', 'get_build', NEXUS_AGENT_NAME])
        assert.ok(names.includes(name));
      const message = 'What is 15 percent of 80?';
      const { content, structuredContent } = await client.callTool({ name: NEXUS_AGENT_NAME, arguments: { message } });
      assert.match(content[0].text, /12/);
      const { invocation_id, session_id } = structuredContent;
      const record = await recordOf(invocation_id);
      assert.equal(record.status, 'success');
      assert.equal(record.output, content[0].text);
      const next = await client.callTool({
        name: NEXUS_AGENT_NAME,
        arguments: { message: 'And 20 percent of 50?', session_id },
      });
      assert.equal(next.structuredContent.session_id, session_id);
      assert.match(next.content[0].text, /10/);
    });

    test('calls an operation of an imported API', async () => {
      const headers = { authorization: `Bearer ${NEXUS_TOKEN}`, 'content-type': 'application/json' };
      const api = async (method, path, body) => {
        const asked = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
        return (await (await fetch(`${NEXUS_URL}/api/v1/integrations${path}`, asked)).json()).data;
      };
      const schema = { type: 'object', properties: { sum: { type: 'number' } }, example: { sum: 5 } };
      const document = {
        openapi: '3.1.0',
        info: { title: 'Sums', version: '1' },
        servers: [{ url: 'http://127.0.0.1:9/' }],
        paths: {
          '/sum': {
            get: {
              operationId: 'addNumbers',
              parameters: [{ name: 'a', in: 'query', required: true, schema: { type: 'number' } }],
              responses: { 200: { description: 'The sum.', content: { 'application/json': { schema } } } },
            },
          },
        },
      };
      const name = `Sums ${mode}`;
      const { integration_id } = await api('POST', '', { name, source: { content: JSON.stringify(document) } });
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((go) => setTimeout(go, 200)))
        if ((await api('GET', `/${integration_id}`)).status === 'ready') break;
      await api('POST', `/${integration_id}/mock`, { mode: 'instead' });
      const tool = `Sums_${mode}_addNumbers`;
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((go) => setTimeout(go, 200)))
        if ((await client.listTools()).tools.some((one) => one.name === tool)) break;
      const { structuredContent } = await client.callTool({ name: tool, arguments: { a: 2 } });
      assert.deepEqual([structuredContent.status, structuredContent.body], [200, { sum: 5 }]);
    });

    test('reports progress', async () => {
      const heard = [];
      await client.callTool(
        { name: NEXUS_AGENT_NAME, arguments: { message: 'What is 3 times 4?' } },
        { onprogress: (progress) => heard.push(progress) },
      );
      assert.match(heard[0].message, /^Run inv_/);
      assert.ok(heard.some(({ message }) => /calls calculator/.test(message)));
      assert.deepEqual(
        heard.map(({ progress }) => progress),
        heard.map((_, index) => index + 1),
      );
    });

    test('stops a call that is aborted', async () => {
      const stop = new AbortController();
      const call = client.callTool(
        { name: NEXUS_AGENT_NAME, arguments: { message: 'What is 5 times 5?' } },
        { signal: stop.signal },
      );
      stop.abort('enough');
      await assert.rejects(call);
      assert.ok((await client.listTools()).tools.length > 0);
    });

    test('answers wrong arguments and unknown tools', async () => {
      const wrong = await client.callTool({ name: 'get_build', arguments: {} });
      assert.equal(wrong.isError, true);
      assert.match(wrong.content[0].text, /project_id/);
      await assert.rejects(client.callTool({ name: 'nothing', arguments: {} }), { code: -32602 });
    });

    test('reads artifacts and knowledge', async () => {
      const { resources } = await client.listResources();
      const definition = resources.find(
        ({ name, uri }) => name === 'agent.json' && uri.includes(NEXUS_AGENT_ID.split(':', 1)[0]),
      );
      const { contents } = await client.readResource({ uri: definition.uri });
      assert.equal(JSON.parse(contents[0].text).agent_name, NEXUS_AGENT_NAME);
      const { resourceTemplates } = await client.listResourceTemplates();
      assert.equal(resourceTemplates.length, 2);
      await assert.rejects(client.readResource({ uri: 'nexus://projects/none/artifacts/none' }), { code: -32602 });
    });

    test('offers starting points', async () => {
      const { prompts } = await client.listPrompts();
      assert.ok(prompts.some(({ name }) => name === 'build_agent'));
      const { messages } = await client.getPrompt({ name: NEXUS_AGENT_NAME, arguments: {} });
      assert.match(messages[0].content.text, /things to ask/);
    });

    test('builds an agent', async () => {
      const requirement = 'An assistant that converts kilometres to miles and metres to feet.';
      const started = await client.callTool({ name: 'start_build', arguments: { requirement } });
      const { project_id } = started.structuredContent;
      for (;;) {
        const { structuredContent: build } = await client.callTool({ name: 'get_build', arguments: { project_id } });
        assert.notEqual(build.status, 'failed');
        if (build.status === 'completed') break;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const found = await client.callTool({ name: 'search_agents', arguments: { query: 'kilomet' } });
      assert.equal(found.structuredContent.agents.length > 0, true);
    });

    test('has an endpoint for each agent', async () => {
      const own = await connected(mode, { path: `/mcp/agents/${encodeURIComponent(NEXUS_AGENT_ID)}` });
      const { tools } = await own.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        [NEXUS_AGENT_NAME],
      );
      await own.close();
    });

    test('refuses a caller without credentials, and takes every kind of them', async () => {
      await assert.rejects(connected(mode, { headers: {} }));
      for (const headers of [{ 'x-api-key': NEXUS_API_KEY }, { authorization: `Bearer ${NEXUS_TOKEN}` }])
        await (await connected(mode, { headers })).close();
    });
  });
