import { AgentCoreServer } from '../../../test/support/agentcore-server.js';
import { definition, eventsOf, resultOfRun } from '../../../test/support/local-runtime.fixture.js';
import { ScriptedContainer } from '../../../test/support/scripted-container.js';
import { parseSettings } from '../../platform/config/load-settings.js';
import { Clock } from '../../shared/clock.js';
import type { Deployment } from '../agent-runtime.js';
import { AgentCoreClients, AgentCoreDeployments } from './agentcore-deployments.js';
import { AgentCoreRuntime } from './agentcore-runtime.js';

const AGENT = 'proj_1:budget-helper';
let aws: AgentCoreServer;
let container: ScriptedContainer;
let clients: AgentCoreClients;
let runtime: AgentCoreRuntime;

beforeEach(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  aws = await AgentCoreServer.start();
  container = await ScriptedContainer.start();
  aws.container = container.url;
  const settings = parseSettings({
    ENVIRONMENT: 'test',
    AGENT_RUNTIME: 'agentcore',
    AGENTCORE_ENDPOINT: aws.url,
    AGENTCORE_CONTAINER_URI: '123456789012.dkr.ecr.us-east-1.amazonaws.com/nexus:1',
    AGENTCORE_ROLE_ARN: 'arn:aws:iam::123456789012:role/agents',
  });
  clients = new AgentCoreClients(settings);
  runtime = new AgentCoreRuntime(clients, new AgentCoreDeployments(clients, settings), settings, new Clock());
});

afterEach(async () => {
  await clients.onApplicationShutdown();
  await Promise.all([aws.close(), container.close()]);
});

const routes = () => aws.requests.map(({ route }) => route.replace(/nexus_\w+-abc/, '{id}'));

describe('AgentCoreRuntime', () => {
  it('makes a runtime with an endpoint, waits for both, and tells where they are', async () => {
    const deployment = await runtime.deploy(AGENT, definition());
    const [stored] = aws.runtimes.values();
    expect(deployment).toEqual({
      region: 'us-east-1',
      agentcore_config: {
        agent_arn: `arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/${stored?.id}`,
        agent_alias_id: 'nexus',
        agent_alias_arn: `arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/${stored?.id}/runtime-endpoint/nexus`,
      },
    });
    expect(stored).toMatchObject({
      name: expect.stringMatching(/^nexus_budget_helper_[0-9a-f]{20}$/) as string,
      status: 'READY',
      endpoint: { version: '1', status: 'READY' },
      input: {
        agentRuntimeArtifact: {
          containerConfiguration: { containerUri: '123456789012.dkr.ecr.us-east-1.amazonaws.com/nexus:1' },
        },
        roleArn: 'arn:aws:iam::123456789012:role/agents',
        networkConfiguration: { networkMode: 'PUBLIC' },
        clientToken: expect.stringMatching(/^.{33,}$/) as string,
        environmentVariables: { AGENT_SERVER_HOST: '0.0.0.0', AGENT_SERVER_DEFINITION: 'payload' },
      },
    });
    expect(await runtime.health(AGENT, deployment)).toEqual({ ready: true, message: 'AgentCore says READY.' });
  });

  it('updates on a second deployment and moves the endpoint to the new version', async () => {
    const first = await runtime.deploy(AGENT, definition());
    expect(await runtime.deploy(AGENT, definition())).toEqual(first);
    const stored = [...aws.runtimes.values()];
    expect(stored).toMatchObject([{ version: 2, endpoint: { version: '2', status: 'READY' } }]);
  });

  it('deletes endpoint and runtime through the conflict in between, and again without harm', async () => {
    const deployment = await runtime.deploy(AGENT, definition());
    await runtime.undeploy(AGENT, deployment);
    expect(aws.runtimes.size).toBe(0);
    expect(routes().slice(-3)).toEqual([
      'DELETE /runtimes/{id}/runtime-endpoints/nexus',
      'DELETE /runtimes/{id}',
      'DELETE /runtimes/{id}',
    ]);
    await runtime.undeploy(AGENT, deployment);
    await runtime.undeploy(AGENT);
    expect(await runtime.health(AGENT, deployment)).toEqual({
      ready: false,
      message: 'AgentCore has no such runtime.',
    });
  });

  it('says why a deployment failed', async () => {
    aws.outcome = 'CREATE_FAILED';
    await expect(runtime.deploy(AGENT, definition())).rejects.toMatchObject({
      reason: 'runtime',
      message: 'AgentCore: CREATE_FAILED: the image could not be pulled',
    });
  });

  it('invokes with the definition in the payload, in the session, and streams', async () => {
    const deployment = await runtime.deploy(AGENT, definition());
    container.events([
      { type: 'delta', text: 'Hel' },
      { type: 'delta', text: 'lo' },
      { type: 'done', output: 'Hello' },
    ]);
    const events = await eventsOf(runtime, { input: 'hi', deployment });
    expect(events.map(({ type }) => type)).toEqual(['start', 'delta', 'delta', 'done']);
    expect(container.calls[0]).toMatchObject({
      headers: { 'x-amzn-bedrock-agentcore-runtime-session-id': 'nexus-session-sess_10000000000000' },
      body: { prompt: 'hi', definition: { agent_name: 'budget-helper' } },
    });
    expect(aws.requests.at(-1)?.headers['authorization']).toContain('/us-east-1/bedrock-agentcore/aws4_request');
  });

  it.each([
    [424, 'RuntimeClientError', 'runtime', "The agent's container failed or did not start"],
    [404, 'ResourceNotFoundException', 'runtime', 'AgentCore has no such runtime'],
    [429, 'ThrottlingException', 'runtime', 'is throttling calls'],
    [403, 'AccessDeniedException', 'runtime', 'does not let the platform call'],
    [500, 'InternalServerException', 'runtime', 'AgentCore failed: InternalServerException.'],
  ])('makes %s %s a failure of the runtime, and calls only once', async (status, type, reason, message) => {
    const deployment = await runtime.deploy(AGENT, definition());
    Object.assign(aws, { container: undefined, refusal: { status, type } });
    const before = aws.requests.length;
    await expect(eventsOf(runtime, { input: 'hi', deployment })).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(message) as string,
    });
    expect(aws.requests).toHaveLength(before + 1);
  });

  it('is unreachable when AWS is, and closes the call in the middle when the caller gives up', async () => {
    const config = {
      agent_arn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/x',
      agent_alias_id: 'nexus',
      agent_alias_arn: 'y',
    };
    const deployment: Deployment = { region: 'us-east-1', agentcore_config: config };
    container.events(['a'], true);
    const caller = new AbortController();
    const closed: Promise<unknown>[] = [];
    const { answer } = container;
    container.answer = (response, call) => {
      closed.push(new Promise((resolve) => response.once('close', resolve)));
      answer(response, call);
    };
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const event of runtime.run({
          org_id: 'acme',
          session_id: 'sess_1',
          agent_id: AGENT,
          definition: definition(),
          input: 'go',
          history: [],
          deployment,
          signal: caller.signal,
        })) {
          seen.push(event.type);
          if (event.type === 'delta') caller.abort();
        }
      })(),
    ).rejects.toMatchObject({ reason: 'cancelled' });
    expect(seen).toEqual(['start', 'delta']);
    await Promise.all(closed);
    await aws.close();
    await expect(resultOfRun(runtime, { input: 'go', deployment })).rejects.toMatchObject({ reason: 'unreachable' });
    aws = await AgentCoreServer.start();
  });
});
