// A shop's API becomes operations: an agent and a flow use them before anybody has a key. Usage: npm run demo -- --api
import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './api.ts';
import { bold, dim, green, heading, line, red, table } from './screen.ts';

const READY_WITHIN_MS = 60_000;

interface Integration {
  integration_id: string;
  status: string;
  operation_count: number;
}

interface Step {
  type: string;
  name: string;
  input: unknown;
}

interface FlowRun {
  run_id: string;
  status: string;
  output: unknown;
  error: { code: string; message: string } | null;
}

const PRODUCT = { $ref: '#/components/schemas/Product' };
const ORDER = { $ref: '#/components/schemas/Order' };
const answer = (description: string, schema: object) => ({ description, content: { 'application/json': { schema } } });

/** What the shop publishes. The address is reserved: no server is behind it. */
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Tea Shop', version: '1.0.0' },
  servers: [{ url: 'https://shop.example/v1' }],
  security: [{ key: [] }],
  paths: {
    '/products': {
      get: {
        operationId: 'listProducts',
        summary: 'Lists products',
        parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } }],
        responses: { 200: answer('The products.', { type: 'array', items: PRODUCT }) },
      },
    },
    '/products/{sku}': {
      get: {
        operationId: 'getProduct',
        summary: 'Gets a product with its price',
        parameters: [{ name: 'sku', in: 'path', required: true, schema: { type: 'string', example: 'TEA-1' } }],
        responses: { 200: answer('The product.', PRODUCT) },
      },
    },
    '/orders': {
      post: {
        operationId: 'placeOrder',
        summary: 'Places an order',
        parameters: [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string' } }],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/NewOrder' } } },
        },
        responses: { 201: answer('The order.', ORDER) },
      },
    },
  },
  components: {
    securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Shop-Key' } },
    schemas: {
      Product: {
        type: 'object',
        required: ['sku', 'name', 'price'],
        properties: {
          sku: { type: 'string', example: 'TEA-1' },
          name: { type: 'string', example: 'Green tea' },
          price: { type: 'number', example: 12.5 },
        },
      },
      NewOrder: {
        type: 'object',
        required: ['sku', 'quantity'],
        properties: {
          sku: { type: 'string', example: 'TEA-1' },
          quantity: { type: 'integer', minimum: 1, example: 3 },
        },
      },
      Order: {
        type: 'object',
        required: ['order_id', 'status'],
        properties: {
          order_id: { type: 'string', example: 'O-1' },
          status: { type: 'string', enum: ['accepted', 'refused'] },
        },
      },
    },
  },
};

/** @param agent_id an agent that was built before */
export async function showApi(api: Api, agent_id: string): Promise<void> {
  const integration_id = await imported(api);
  const at = `/api/v1/integrations/${integration_id}`;
  await api.post(`${at}/mock`, { mode: 'instead' });
  line(`  ${green('✓')} the mock answers in its place ${dim('no key is needed, and nothing leaves this machine')}`);
  const tests = await api.post<{ passed: number; failed: number; deterministic_share: number }>(
    `${at}/contract-tests/run`,
    {},
  );
  line(
    `  ${green('✓')} contract tests: ${tests.passed} passed, ${tests.failed} failed, ${tests.deterministic_share * 100} % deterministic`,
  );
  await agentUses(api, at, agent_id);
  await flowUses(api, integration_id, agent_id);
}

async function imported(api: Api): Promise<string> {
  heading("Import of a shop's API");
  const made = await api.post<Integration>('/api/v1/integrations', { name: 'Tea Shop', source: { content: SHOP } });
  const at = `/api/v1/integrations/${made.integration_id}`;
  let found = made;
  for (const end = Date.now() + READY_WITHIN_MS; found.status === 'importing' && Date.now() < end; await delay(50))
    found = await api.get<Integration>(at);
  if (found.status !== 'ready') throw new Error(`The import ended as ${found.status}`);
  const { operations } = await api.get<{ operations: { name: string; method: string; path: string; risk: string }[] }>(
    `${at}/operations`,
  );
  line(`  ${bold(made.integration_id)} has ${found.operation_count} operations`);
  table(operations.map(({ name, method, path, risk }) => [name, dim(`${method} ${path}, ${risk}`)]));
  const { score, total } = await api.get<{ score: number; total: number }>(`${at}/findings`);
  line(dim(`  The document scores ${score} of 100 with ${total} findings.`));
  return made.integration_id;
}

async function agentUses(api: Api, at: string, agent_id: string): Promise<void> {
  heading(`${agent_id} uses it`);
  // A name of its own: the agent may have the tools of an earlier demo.
  const name = `shop${Date.now().toString(36)}`;
  const { operations } = await api.post<{ operations: { name: string }[] }>(`${at}/tools`, {
    name,
    risk: 'read',
    agent_id,
  });
  line(`  ${green('✓')} has the tools ${operations.map((one) => one.name).join(', ')}`);
  const input_text = `Call ${name}_getProduct with {"sku": "TEA-1"}, please`;
  line(`  ${bold('you  ')} ${input_text}`);
  const { output, invocation_id } = await api.post<{ output: string; invocation_id: string }>(
    `/api/v1/agents/${encodeURIComponent(agent_id)}/invoke`,
    { input_text },
  );
  line(`  ${bold('agent')} ${output.replaceAll('\n', '\n        ')}`);
  const { trace } = await api.get<{ trace: { steps: Step[] } | null }>(`/api/v1/invocations/${invocation_id}`);
  const calls = (trace?.steps ?? []).filter(({ type }) => type === 'tool');
  line(dim(`        ${calls.map((one) => `${one.name} ${JSON.stringify(one.input)}`).join(' · ')}`));
  if (calls.length !== 1 || !output.includes('12.5')) throw new Error("The agent did not use the shop's API");
}

async function flowUses(api: Api, integration_id: string, agent_id: string): Promise<void> {
  heading('A flow calls it');
  const call = (operation: string, input: object) => ({ call: { integration: integration_id, operation, input } });
  const definition = {
    timeout_seconds: 300,
    steps: [
      { id: 'product', ...call('getProduct', { sku: '${{ input.sku }}' }) },
      { id: 'total', needs: ['product'], agent: { agent_id, input: 'What is ${{ steps.product.output.price }} * 3?' } },
      {
        ...{
          id: 'order',
          needs: ['total', 'product'],
          idempotency_key: 'order-${{ input.sku }}',
          retry: { max_attempts: 3 },
        },
        ...call('placeOrder', { body: { sku: '${{ steps.product.output.sku }}', quantity: 3 } }),
      },
    ],
    output: '${{ steps.order.output.status }}',
  };
  const { flow_id } = await api.post<{ flow_id: string }>('/api/v1/flows', { name: 'Order tea', definition });
  await api.post(`/api/v1/flows/${flow_id}/publish`, {});
  const { run_id } = await api.post<FlowRun>(`/api/v1/flows/${flow_id}/runs`, { input: { sku: 'TEA-1' } });
  for await (const { event, data } of api.events(`/api/v1/flow-runs/${run_id}/events`)) {
    const step = typeof data['step_id'] === 'string' ? data['step_id'] : '';
    if (event === 'step.completed') line(`  ${green('✓')} ${step}`);
    if (event === 'step.failed') line(`  ${red('✗')} ${step} ${dim(String((data['error'] as Error).message))}`);
  }
  const ended = await api.get<FlowRun & { steps: { step_id: string; output: unknown }[] }>(
    `/api/v1/flow-runs/${run_id}`,
  );
  table(ended.steps.map(({ step_id, output }) => [step_id, dim(JSON.stringify(output))]));
  line(`  ${bold(ended.status)} ${dim(ended.error?.message ?? `the order is ${String(ended.output)}`)}`);
  if (ended.status !== 'completed' || ended.output !== 'accepted') throw new Error('The flow placed no order');
}
