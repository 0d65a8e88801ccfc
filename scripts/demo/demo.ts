// Takes one requirement to a running agent and shows every step. Usage: npm run demo -- "your requirement"
import { Api, ApiError } from './api.ts';
import { nexus } from './command-line.ts';
import { showFlow } from './flow.ts';
import { findOrStartPlatform, type Platform } from './platform.ts';
import { showApi } from './shop-api.ts';
import { dim, heading, line, red, table } from './screen.ts';

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
  agents: string[];
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

/** As the caller of NEXUS_TOKEN (an access token or an API key); otherwise as the administrator. */
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

/** The build is watched, and the agent talked to, by the command line that newcomers use next. */
async function watch(api: Api, project_id: string): Promise<ProjectAnswer> {
  line();
  await nexus(api, ['build', project_id]);
  return api.get<ProjectAnswer>(`/api/v1/projects/${project_id}`);
}

async function artifacts(api: Api, project_id: string): Promise<void> {
  heading('Artifacts');
  const list = await api.get<{ artifacts: Artifact[] }>(`/api/v1/projects/${project_id}/artifacts`);
  table(list.artifacts.map(({ path, stage_name, size_bytes }) => [path, dim(`${size_bytes} bytes, ${stage_name}`)]));
}

async function conversation(api: Api, project: ProjectAnswer): Promise<void> {
  const [agent_id] = project.agents;
  if (!agent_id) throw new Error('The build registered no agent');
  heading('Conversation');
  await nexus(api, ['chat', agent_id], await questions(api, project.project_id));
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
