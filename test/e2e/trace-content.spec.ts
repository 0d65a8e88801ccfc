import { startApp, type TestApp } from '../support/app.js';
import { builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';

const TRACE_ID = 'd'.repeat(32);

let receiver: OtlpReceiver;
let app: TestApp;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '50';
  app = await startApp({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, NEXUS_TRACE_CONTENT: 'true' });
});
afterAll(async () => {
  await app.close();
  await receiver.stop();
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
});

it('holds what was said where the setting asks for it', async () => {
  const http = app.http.as('org-a');
  const agent = await builtAgent(http);
  await http.post(
    `${agent.path}/invoke`,
    { input_text: 'What is 12345 * 6789?' },
    { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` },
  );
  const spans = await eventually(
    async () => receiver.ofTrace(TRACE_ID),
    (found) => found.some(({ name }) => name.startsWith('POST ')),
  );
  const attribute = (prefix: string, name: string) =>
    spans.filter((span) => span.name.startsWith(prefix)).map(({ attributes }) => String(attributes[name]));
  expect(JSON.parse(attribute('invoke_agent', 'gen_ai.input.messages')[0] ?? '')).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'What is 12345 * 6789?' }] },
  ]);
  expect(attribute('invoke_agent', 'gen_ai.output.messages')[0]).toMatch(/83,?810,?205/);
  expect(attribute('chat', 'gen_ai.input.messages')[0]).toContain('12345 * 6789');
  expect(attribute('execute_tool', 'gen_ai.tool.call.arguments')[0]).toContain('12345');
});
