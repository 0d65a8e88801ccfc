import fc from 'fast-check';
import { startApp, type TestApp } from '../../support/app.js';
import { type BuiltAgent, builtAgent } from '../../support/built-agent.js';

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp();
  agent = await builtAgent(app.http);
});
afterAll(() => app.close());

const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
const BODIES = {
  '/v1/chat/completions': {
    messages: [
      { role: 'system', content: 'x' },
      { role: 'user', content: [{ type: 'text', text: 'What is 2 + 3?' }] },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'y' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
    tool_choice: 'auto',
    response_format: { type: 'text' },
    temperature: 1,
    stop: ['x'],
    metadata: { a: 'b' },
    stream_options: { include_usage: true },
  },
  '/v1/responses': {
    input: [
      { role: 'user', content: [{ type: 'input_text', text: 'What is 2 + 3?' }] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'y' },
    ],
    tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }],
    text: { format: { type: 'text' } },
    max_output_tokens: 100,
    metadata: { a: 'b' },
    store: true,
  },
  '/v1/conversations': { items: [{ role: 'user', content: 'x' }], metadata: { a: 'b' } },
};

/** The same body with one value, however deep, replaced. */
function replaced(body: unknown, at: number, value: unknown): unknown {
  let left = at;
  const walk = (node: unknown): unknown => {
    if (left-- === 0) return value;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(body);
}

describe('a body with any value in any place', () => {
  it.each(Object.entries(BODIES))(
    "of %s is answered or refused in OpenAI's form, and never fails",
    async (path, body) => {
      const value = fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.constantFrom(null, '', -1, 1e300, 'x'.repeat(200_000), [], {}),
      );
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 40 }), value, async (at, given) => {
          const sent = JSON.stringify({ model: agent.agent_id, ...(replaced(body, at, given) as object) });
          const response = await app.http.raw('POST', path, sent, { 'content-type': 'application/json' });
          const text = await response.text();
          if (response.status === 200) return;
          const { error } = JSON.parse(text) as { error: Record<string, unknown> };
          expect([400, 404]).toContain(response.status);
          expect(error).toMatchObject({ message: expect.any(String) as string, type: 'invalid_request_error' });
          expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
          expect(error['param']).toEqual(expect.any(String));
        }),
        { numRuns: 150 },
      );
    },
  );
});
