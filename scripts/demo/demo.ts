// Takes one requirement to a running agent and shows every step. Usage: npm run demo -- "your requirement"
import { Api, ApiError } from './api.ts';
import { showFlow } from './flow.ts';
import { findOrStartPlatform, type Platform } from './platform.ts';
import { showApi } from './shop-api.ts';
import { bold, dim, green, heading, line, ProgressBar, red, table } from './screen.ts';

const USAGE =
  'Usage: npm run demo -- [--flow] [--api] ["your requirement"]\n\nTakes one requirement to a running agent and shows every step. Without a requirement it takes a sample.\nWith --flow the agent then works in a refund flow with an approval and a failure that is undone.\nWith --api it uses an imported shop API through its mock, and a flow calls the API.';
const given = process.argv.slice(2);
if (given.includes('--help') || given.includes('-h')) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const showsFlow = given.includes('--flow');
const showsApi = given.includes('--api');
const words = given.filter((argument) => argument !== '--flow' && argument !== '--api');
const unknown = words.find((argument) => argument.startsWith('-'));
if (unknown !== undefined) {
  process.stderr.write(`Unknown option '${unknown}'\n${USAGE}\n`);
  process.exit(2);
}

const SAMPLE =
  'A support assistant for our web shop. It calculates discounts and totals, converts units of length and weight, tells dates and ' +
  'delivery times, and answers questions about our shop. Our delivery takes 3 working days. Our opening hours are 9:00 to 17:00 from Monday to Friday.';
/** On a terminal each step is held back a little, so that a build of a few milliseconds can be watched. */
const PAUSE_MS = process.stdout.isTTY ? 350 : 0;

/** The flow calls a shop on this machine. */
const SETTINGS: Record<string, string> = showsFlow ? { NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true' } : {};

interface ProjectAnswer {
  project_id: string;
  project_name: string;
  status: string;
  agents: string[];
  error_info: { message: string; suggestion?: string } | null;
  coverage: { proven: number; total: number; warning: string | null } | null;
  build_summary: {
    total_duration_seconds: number | null;
    model: string | null;
    input_tokens: number;
    output_tokens: number;
  };
}

interface MessageAnswer {
  content: string;
  metadata: { model: string; duration_ms: number; invocation_id: string };
}

interface InvocationAnswer {
  trace: { steps: { type: string; name: string; input: unknown }[] } | null;
}

interface Artifact {
  path: string;
  stage_name: string;
  size_bytes: number;
}

async function main(): Promise<void> {
  const requirement = words.join(' ').trim() || SAMPLE;
  const platform = await findOrStartPlatform(Number(process.env['API_PORT'] ?? 8000), PAUSE_MS, SETTINGS);
  try {
    await show(await signedIn(platform), requirement);
    links(platform);
  } finally {
    await platform.stop();
  }
}

const KNOWN_PASSWORD =
  'Set NEXUS_ADMIN_PASSWORD (or NEXUS_TOKEN), or stop the platform and get a new password: npm run admin -- reset';

/** With NEXUS_TOKEN (an access token or an API key) as whoever it is; otherwise as the administrator. */
async function signedIn(platform: Platform): Promise<Api> {
  heading('Sign in');
  const token = process.env['NEXUS_TOKEN'];
  if (token) {
    line('  with the token of NEXUS_TOKEN');
    return new Api(platform.url, token);
  }
  const { email, password } = platform.administrator();
  if (!password) throw new Error(`The demo does not know the password of ${email}. ${KNOWN_PASSWORD}`);
  const api = new Api(platform.url);
  const org_id = await api.login(email, password).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    throw new Error(`The password that the demo knows for ${email} is wrong. ${KNOWN_PASSWORD}`);
  });
  line(`  POST /api/v1/auth/login ${dim(`as ${email}, organization ${org_id}`)}`);
  return api;
}

async function show(api: Api, requirement: string): Promise<void> {
  heading('Requirement');
  line(`  ${requirement}`);
  const created = await api.post<ProjectAnswer>('/api/v1/projects', { requirement });
  const project = await watch(api, created.project_id);
  await artifacts(api, project.project_id);
  await conversation(api, project);
  if (showsApi) await showApi(api, project.agents[0] ?? '');
  if (showsFlow) await showFlow(api, project.agents[0] ?? '');
  await statistics(api);
}

async function watch(api: Api, project_id: string): Promise<ProjectAnswer> {
  heading(`Build ${dim(project_id)}`);
  const bar = new ProgressBar();
  let label = 'waiting for a build slot';
  for await (const { event, data } of api.events(`/api/v1/projects/${project_id}/events`)) {
    if (event === 'stage') {
      label = `${String(data['sub_stage_name'] ?? data['stage_name'])} ${String(data['status'])}`;
      if (data['status'] === 'completed') bar.note(`  ${green('✓')} ${label}`);
      if (data['status'] === 'failed') bar.note(`  ${red('✗')} ${label}`);
    }
    if (event === 'log') bar.note(dim(`      ${String(data['message'])}`));
    if (event === 'progress') bar.show(Number(data['progress']), label);
  }
  bar.end();
  const project = await api.get<ProjectAnswer>(`/api/v1/projects/${project_id}`);
  if (project.status !== 'completed')
    throw new Error(
      `The build ended as ${project.status}: ${project.error_info?.message ?? 'no reason given'}\n${project.error_info?.suggestion ?? ''}`,
    );
  const { total_duration_seconds, model, input_tokens, output_tokens } = project.build_summary;
  line(
    `  ${bold(project.project_name)} is built in ${total_duration_seconds} s by ${model} (${input_tokens} tokens in, ${output_tokens} out).`,
  );
  if (project.coverage) {
    const { proven, total, warning } = project.coverage;
    line(`  ${proven} of ${total} requirements are proven by acceptance examples.`);
    if (warning !== null) line(`  ${red('!')} ${warning}`);
  }
  return project;
}

async function artifacts(api: Api, project_id: string): Promise<void> {
  heading('Artifacts');
  const list = await api.get<{ artifacts: Artifact[] }>(`/api/v1/projects/${project_id}/artifacts`);
  table(list.artifacts.map(({ path, stage_name, size_bytes }) => [path, dim(`${size_bytes} bytes, ${stage_name}`)]));
}

async function conversation(api: Api, project: ProjectAnswer): Promise<void> {
  const [agent_id] = project.agents;
  if (!agent_id) throw new Error('The build registered no agent');
  heading(`Conversation with ${agent_id}`);
  const session = await api.post<{ session_id: string }>(`/api/v1/agents/${encodeURIComponent(agent_id)}/sessions`, {
    display_name: 'Demo',
  });
  for (const content of await questions(api, project.project_id)) {
    line(`  ${bold('you  ')} ${content}`);
    const answer = await api.post<MessageAnswer>(`/api/v1/sessions/${session.session_id}/messages`, { content });
    line(`  ${bold('agent')} ${answer.content.replaceAll('\n', '\n        ')}`);
    const { trace } = await api.get<InvocationAnswer>(`/api/v1/invocations/${answer.metadata.invocation_id}`);
    const calls =
      trace?.steps.filter(({ type }) => type === 'tool').map(({ name, input }) => `${name} ${JSON.stringify(input)}`) ??
      [];
    line(dim(`        ${[answer.metadata.model, `${answer.metadata.duration_ms} ms`, ...calls].join(' · ')}`));
  }
}

/** An introduction, a question that this very agent was built to answer, and one that only the conversation can answer. */
async function questions(api: Api, project_id: string): Promise<string[]> {
  const { content } = await api.get<{ content: string }>(`/api/v1/projects/${project_id}/artifacts/requirements.json`);
  const { acceptance_examples } = JSON.parse(content) as {
    acceptance_examples?: { input: string; checks: { kind: string }[] }[];
  };
  const example = acceptance_examples?.find(({ checks }) => checks.some(({ kind }) => kind === 'uses_tool'));
  return [
    'Hello, my name is Ada. What can you do?',
    example?.input ?? 'How can you help me today?',
    'What is my name?',
  ];
}

async function statistics(api: Api): Promise<void> {
  heading('Statistics');
  const overview = await api.get<Record<string, number | null>>('/api/v1/statistics/overview');
  table(Object.entries(overview).map(([name, value]) => [name, value === null ? 'not known yet' : String(value)]));
}

function links(platform: Platform): void {
  const { isOurs, busyPort } = platform;
  const offer = platform.modelOffer();
  if (offer !== undefined) {
    heading('A real model');
    line(`  ${offer}`);
  }
  const port = busyPort === undefined ? (process.env['API_PORT'] ?? '8000') : String(busyPort + 1);
  heading(isOurs ? `Next: \`${busyPort === undefined ? '' : `API_PORT=${port} `}npm start\`, then open` : 'Open');
  const root = isOurs ? `http://127.0.0.1:${port}` : platform.url;
  const { email, password } = platform.administrator();
  table([
    ['Nexus', root],
    ['Swagger UI', `${root}/docs`],
    ['Health', `${root}/health/detailed`],
    ...(password === '' ? [] : [['Sign in', `${email}, password: ${password}`] as [string, string]]),
  ]);
  line();
}

main().catch((error: unknown) => {
  if (process.exitCode !== undefined) return;
  const isLost = error instanceof TypeError && error.message === 'fetch failed';
  const reason = isLost ? 'Nexus stopped while the demo ran. Start the demo again.' : error;
  process.stderr.write(`\n${red('The demo ended:')} ${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exitCode = 1;
});
