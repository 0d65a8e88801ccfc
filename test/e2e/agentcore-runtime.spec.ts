import { AgentCoreServer } from '../support/agentcore-server.js';
import { AgentProcess } from '../support/agent-process.js';
import { startApp, type TestApp } from '../support/app.js';
import { builtAgent } from '../support/built-agent.js';

let aws: AgentCoreServer;
let container: AgentProcess;
let platform: TestApp;

beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  aws = await AgentCoreServer.start();
  container = await AgentProcess.start(undefined, { AGENT_SERVER_DEFINITION: 'payload' });
  aws.container = container.url;
  platform = await startApp({
    AGENT_RUNTIME: 'agentcore',
    AGENTCORE_ENDPOINT: aws.url,
    AGENTCORE_CONTAINER_URI: '123456789012.dkr.ecr.us-east-1.amazonaws.com/nexus:1',
    AGENTCORE_ROLE_ARN: 'arn:aws:iam::123456789012:role/agents',
  });
});

afterAll(async () => {
  await platform.close();
  await Promise.all([container.end(), aws.close()]);
});

it('builds, deploys, invokes, checks and deletes an agent on AgentCore', async () => {
  const { http } = platform;
  const agent = await builtAgent(http);
  const [runtime] = aws.runtimes.values();
  expect((await http.get(agent.path)).data).toMatchObject({
    runtime: 'agentcore',
    region: 'us-east-1',
    agentcore_config: {
      agent_arn: expect.stringContaining(`runtime/${runtime?.id}`) as string,
      agent_alias_id: 'nexus',
      agent_alias_arn: expect.stringContaining('runtime-endpoint/nexus') as string,
    },
  });
  expect((await http.get(`${agent.path}/runtime/health`)).data).toMatchObject({
    is_ready: true,
    has_agentcore_arn: true,
    message: 'AgentCore says READY.',
  });
  const invoked = await http.post<Record<string, unknown>>(`${agent.path}/invoke`, {
    input_text: 'What is 1234 * 56?',
  });
  expect(invoked).toMatchObject({ status: 200, data: { output: expect.stringContaining('69,104') as string } });
  expect((await http.get(agent.path)).data).toMatchObject({ runtime_stats: { successful_invocations: 1 } });

  Object.assign(aws, { container: undefined });
  expect(await http.post(`${agent.path}/invoke`, { input_text: 'again' })).toMatchObject({
    status: 502,
    error: { details: { reason: 'runtime' }, message: expect.stringContaining('CloudWatch') as string },
  });

  expect((await http.delete(agent.path)).status).toBe(200);
  expect(aws.runtimes.size).toBe(0);
});
