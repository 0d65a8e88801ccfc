import * as api from '../typescript/dist/index.js';

const { Nexus } = api;
const nexus = new Nexus({ baseUrl: process.env.NEXUS_URL, apiKey: process.env.NEXUS_API_KEY });
const agent_id = process.env.NEXUS_AGENT_ID;
const saw = {};

// 1. Sign in with a key. The first request is refused for a second.
const started = performance.now();
const me = await nexus.call(api.getMe);
saw.sign_in = { roles: me.roles, waited_as_told: performance.now() - started >= 950 };

// 2. Build an agent and watch it. The first answer is lost.
const project = await nexus.call(api.createProject, { body: { requirement: 'A calculator assistant for totals and discounts of our shop.' } });
const events = [];
for await (const event of nexus.buildEvents(project.project_id)) events.push(event);
const { status } = await nexus.waitForBuild(project.project_id);
saw.build = {
  status,
  kinds: [...new Set(events.map(({ event }) => event))].toSorted(),
  has_gaps: events.some(({ id }, index) => id !== String(index + 1)),
};

// 3. List, page by page.
const DEFINITION = { timeout_seconds: 60, input_schema: { type: 'object' }, steps: [{ id: 'hello', transform: 'Hello ${{ input.name }}' }], output: '${{ steps.hello.output }}' };
const flows = [];
for (const number of [1, 2, 3]) flows.push(await nexus.call(api.createFlow, { body: { name: `sdk ${number}`, definition: DEFINITION } }));
const names = [];
for await (const { name, flow_id } of nexus.items(api.listFlows, { query: { limit: 1 } })) if (flows.some((one) => one.flow_id === flow_id)) names.push(name);
saw.pages = names.toSorted();

// 4. Ask an agent.
const answer = await nexus.call(api.invokeAgent, { path: { agent_id }, body: { input_text: 'What is 1234 * 56?' } });
saw.invoke = { status: answer.status, has_answer: answer.output.includes('69,104') };

// 5. Ask in the background, and follow.
const begun = await nexus.call(api.invokeAgent, { path: { agent_id }, body: { input_text: 'What is 2 + 2?', background: true } });
const run = [];
for await (const { event } of nexus.runEvents(begun.invocation_id)) run.push(event);
saw.background = { status: (await nexus.waitForRun(begun.invocation_id)).status, first: run[0], last: run.at(-1) };

// 6. Talk in a session.
const { session_id } = await nexus.call(api.createSession, { path: { agent_id }, body: {} });
await nexus.call(api.sendMessage, { path: { session_id }, body: { content: 'What is 15% of 80?' } });
const roles = [];
for await (const { role } of nexus.items(api.listMessages, { path: { session_id } })) roles.push(role);
saw.session = roles;

// 7. Publish a flow, run it, follow it.
await nexus.call(api.publishFlow, { path: { flow_id: flows[0].flow_id } });
const flow_run = await nexus.call(api.startFlowRun, { path: { flow_id: flows[0].flow_id }, body: { input: { name: 'Ada' } } });
let last;
for await (const { event } of nexus.flowRunEvents(flow_run.run_id)) last = event;
const over = await nexus.waitForFlowRun(flow_run.run_id);
saw.flow = { status: over.status, output: over.output, last };

// 8. Import an API and call it through its mock.
const DOCUMENT = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, servers: [{ url: 'https://shop.example.com' }], paths: { '/orders': { get: { operationId: 'listOrders', responses: { 200: { description: 'ok', content: { 'application/json': { schema: { type: 'array', items: { type: 'string' } } } } } } } } } };
const { integration_id } = await nexus.call(api.createIntegration, { body: { name: 'Shop', source: { content: DOCUMENT } } });
const imported = await nexus.waitForImport(integration_id);
await nexus.call(api.turnMock, { path: { integration_id }, body: { mode: 'instead' } });
const called = await nexus.call(api.callOperation, { path: { integration_id, operation_id: 'listOrders' }, body: { input: {} } });
saw.integration = { status: imported.status, operations: imported.operation_count, call_status: called.status, valid: called.valid };

// 9. Errors are classes.
const failureOf = (call) => call.then(() => undefined, (error) => error);
const missing = await failureOf(nexus.call(api.getProject, { path: { project_id: 'proj_none' } }));
saw.not_found = { name: missing.name, status: missing.status, code: missing.code, has_suggestion: missing.suggestion !== '', has_trace_id: missing.trace_id !== '' };

// 10. Errors name what is wrong.
const wrong = await failureOf(nexus.call(api.createProject, { body: { requirement: '' } }));
saw.invalid = { name: wrong.name, status: wrong.status, code: wrong.code, fields: Object.keys(wrong.details.fields ?? {}) };

console.log(JSON.stringify(saw));
