import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import {
  createApiKey,
  createDecision,
  type DataOf,
  deleteApiKey,
  getBuildStatistics,
  getDecision,
  getDeploymentReadiness,
  getDetailedHealth,
  getInvocationStatistics,
  getMe,
  getStatisticsOverview,
  listApiKeys,
  listOwnApiKeys,
  listDecisions,
  NexusError,
  recordDecisionOutcome,
} from '../../../sdks/typescript/src/index.js';
import { CliError, EXIT, failed, misused, recordOf } from '../failure.js';
import { agentIdOf } from '../runs.js';
import { percentOf, timeOf } from '../screen.js';
import {
  type Act,
  listed,
  type ListOptions,
  number,
  pageOf,
  several,
  type Shell,
  taken,
  wholeNumber,
} from '../shell.js';
import { clientOf, connect, isOpenWire, VERSION } from '../target.js';

type Decision = DataOf<typeof getDecision>;
type KeyRole = 'admin' | 'developer' | 'orchestration_manager' | 'viewer';

/** `keys`, `stats`, `decisions`, `readiness`, `doctor`, `open`. */
export function addPlatform(program: Command, act: Act): void {
  addKeys(program.command('keys').description('API keys. Those of your organization require the role admin.'), act);
  addStatistics(program.command('stats').description('Counts, success rates and costs.'), act);
  addDecisions(program.command('decisions').description('Decisions with their figures and outcomes.'), act);
  program
    .command('readiness')
    .description(
      'Checks whether the deployment is ready for production and prints a fix for each finding. Exit code 1 if it is not.',
    )
    .action(act(readiness));
  program
    .command('doctor')
    .description(
      'Checks the connection between this machine and the platform and prints fixes. Exit code 1 if a check fails.',
    )
    .action(act(doctor));
  program
    .command('open')
    .argument('[id]', 'id of a build, agent, run, session, flow, integration or decision')
    .description('Opens the page of an id in the console, or prints its URL if there is no browser.')
    .option('--print', 'print only the URL')
    .action(act(open));
}

function addKeys(keys: Command, act: Act): void {
  keys
    .command('ls', { isDefault: true })
    .description('Lists the keys. Their secrets are not stored.')
    .option('--own', 'only those that you created; needs no role')
    .action(
      act(async (shell, { own }: { own?: boolean }) => {
        const { keys: rows } = await shell.nexus().call(own ? listOwnApiKeys : listApiKeys);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.key_id },
          { title: 'name', value: (row: (typeof rows)[number]) => row.name },
          { title: 'roles', value: (row: (typeof rows)[number]) => row.roles.join(', ') },
          { title: 'last used', value: (row: (typeof rows)[number]) => timeOf(row.last_used_at) },
          { title: 'expires', value: (row: (typeof rows)[number]) => timeOf(row.expires_at) || 'never' },
        ];
        shell.screen.list(rows, columns, 'There are no keys.');
      }),
    );
  keys
    .command('create')
    .argument('<name>')
    .description('Creates a key and prints it once.')
    .requiredOption('--roles <roles>', 'viewer, developer, orchestration_manager, admin', several)
    .option('--expires-days <days>', 'days until the key expires; never by default', (text) =>
      wholeNumber(text, '--expires-days'),
    )
    .action(
      act(async (shell, name: string, { roles, expiresDays }: { roles: string[]; expiresDays?: number }) => {
        const expires_at =
          expiresDays === undefined ? null : new Date(Date.now() + expiresDays * 86_400_000).toISOString();
        const body = { name, roles: roles as KeyRole[], expires_at };
        const key = await shell.nexus().call(createApiKey, { body });
        shell.screen.record(key, [
          ['id', key.key_id],
          ['roles', key.roles.join(', ')],
          ['expires', key.expires_at === null ? 'never' : timeOf(key.expires_at)],
          ['key', key.api_key],
        ]);
      }),
    );
  keys
    .command('rm')
    .argument('<key>', 'id of the key')
    .description('Revokes a key.')
    .action(
      act(async (shell, key_id: string) => {
        const deleted = await shell.nexus().call(deleteApiKey, { path: { key_id } });
        shell.screen.record(deleted, [['revoked', key_id]]);
      }),
    );
}

/** Statistics count in hundredths. */
const percent = (value: number | null): string => (value === null ? '' : `${value} %`);

interface Days {
  from?: string;
  to?: string;
}

function addStatistics(stats: Command, act: Act): void {
  const days = (command: Command): Command =>
    command.option('--from <date>', 'first day, such as 2026-11-01').option('--to <date>', 'last day');
  stats
    .command('overview', { isDefault: true })
    .description("Agents, builds and today's calls.")
    .action(
      act(async (shell) => {
        const found = await shell.nexus().call(getStatisticsOverview);
        shell.screen.record(found, [
          ['agents', `${found.total_agents}, ${found.running_agents} running, ${found.offline_agents} offline`],
          ['builds', `${found.total_builds}, ${found.failed_builds} failed`],
          ['build success rate', percent(found.success_rate)],
          ['minutes per build', found.avg_build_time_minutes],
          ['calls today', found.today_calls],
          ['success today', percent(found.today_success_rate)],
          ['tokens today', found.today_tokens],
        ]);
      }),
    );
  days(stats.command('builds'))
    .description('Builds by day.')
    .action(
      act(async (shell, { from, to }: Days) => {
        const rows = await shell.nexus().call(getBuildStatistics, { query: { start_date: from, end_date: to } });
        const columns = [
          { title: 'date', value: (row: (typeof rows)[number]) => row.date },
          { title: 'builds', value: (row: (typeof rows)[number]) => row.total_builds },
          { title: 'failed', value: (row: (typeof rows)[number]) => row.failed_builds },
          { title: 'minutes', value: (row: (typeof rows)[number]) => row.avg_duration_minutes },
        ];
        shell.screen.list(rows, columns, 'There are no builds.');
      }),
    );
  days(stats.command('invocations'))
    .description('Runs of agents by day.')
    .option('--agent <agent>', 'only runs of this agent')
    .action(
      act(async (shell, { from, to, agent }: Days & { agent?: string }) => {
        const nexus = shell.nexus();
        const agent_id = agent === undefined ? undefined : await agentIdOf(nexus, agent);
        const query = { start_date: from, end_date: to, agent_id };
        const rows = await nexus.call(getInvocationStatistics, { query });
        const columns = [
          { title: 'date', value: (row: (typeof rows)[number]) => row.date },
          { title: 'calls', value: (row: (typeof rows)[number]) => row.total_invocations },
          { title: 'failed', value: (row: (typeof rows)[number]) => row.failed_invocations },
          { title: 'p50 ms', value: (row: (typeof rows)[number]) => row.p50_duration_ms },
          { title: 'p95 ms', value: (row: (typeof rows)[number]) => row.p95_duration_ms },
          { title: 'tokens', value: (row: (typeof rows)[number]) => row.input_tokens + row.output_tokens },
        ];
        shell.screen.list(rows, columns, 'There are no runs.');
      }),
    );
}

function addDecisions(decisions: Command, act: Act): void {
  listed(decisions.command('ls', { isDefault: true }))
    .description('Lists decisions, newest first.')
    .action(
      act(async (shell, options: ListOptions) => {
        // The list has a second array, in its calibration, so the pages are read here.
        const nexus = shell.nexus();
        const rows = await taken(pages(nexus, pageOf(options).limit), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.decision_id },
          { title: 'name', value: (row: (typeof rows)[number]) => row.name },
          { title: 'decision', value: (row: (typeof rows)[number]) => row.decision },
          { title: 'priority', value: (row: (typeof rows)[number]) => row.priority },
          { title: 'risk', value: (row: (typeof rows)[number]) => row.risk.toFixed(2) },
          {
            title: 'roi',
            value: (row: (typeof rows)[number]) => row.roi_percent && `${Math.round(row.roi_percent)} %`,
          },
          { title: 'outcome', value: (row: (typeof rows)[number]) => outcomeOf(row) },
        ];
        shell.screen.list(rows, columns, 'There are no decisions.');
      }),
    );
  decisions
    .command('get')
    .argument('<decision>')
    .description('Shows a decision.')
    .action(
      act(async (shell, decision_id: string) =>
        showDecision(shell, await shell.nexus().call(getDecision, { path: { decision_id } })),
      ),
    );
  decisions
    .command('create')
    .requiredOption('-c, --context <object>', 'JSON or YAML, @file, or - for standard input')
    .option('--seed <number>', 'seed of the simulation', (text) => wholeNumber(text, '--seed'))
    .description('Makes a decision from a context. Requires the role orchestration_manager.')
    .action(
      act(async (shell, { context, seed }: { context: string; seed?: number }) => {
        const body = { context: await shell.object(context, 'The context'), seed };
        showDecision(shell, await shell.nexus().call(createDecision, { body }));
      }),
    );
  decisions
    .command('outcome')
    .argument('<decision>')
    .argument('<outcome>', 'success or failure')
    .option('--cost <amount>', 'what it cost', (text) => number(text, '--cost'))
    .option('--revenue <amount>', 'what it earned', (text) => number(text, '--revenue'))
    .option('--days <days>', 'how long it took', (text) => number(text, '--days'))
    .description('Records the outcome of a decision. It can be recorded once.')
    .action(
      act(
        async (
          shell,
          decision_id: string,
          outcome: string,
          { cost, revenue, days }: { cost?: number; revenue?: number; days?: number },
        ) => {
          if (outcome !== 'success' && outcome !== 'failure') throw misused('The outcome is success or failure');
          const figures = { actual_cost: cost, actual_revenue: revenue, actual_days: days };
          const body = { success: outcome === 'success', ...figures };
          showDecision(shell, await shell.nexus().call(recordDecisionOutcome, { path: { decision_id }, body }));
        },
      ),
    );
}

async function* pages(nexus: ReturnType<Shell['nexus']>, limit: number) {
  for (let last_key: string | undefined; ;) {
    const page = await nexus.call(listDecisions, { query: { limit, last_key } });
    yield* page.decisions;
    if (page.last_key === null) return;
    last_key = page.last_key;
  }
}

const outcomeOf = ({ outcome }: { outcome: { success: boolean } | null }): string =>
  outcome === null ? '' : outcome.success ? 'success' : 'failure';

function showDecision({ screen }: Shell, one: Decision): void {
  const { risk, returns, simulation, priority } = one.analysis;
  const chance = simulation && percentOf(simulation.probability_roi_positive);
  screen.record(one, [
    ['decision', `${one.decision} (${one.decision_id})`],
    ['priority', priority],
    ['risk', risk.overall.toFixed(2)],
    ['roi', returns.roi_percent === null ? returns.reason : `${Math.round(returns.roi_percent)} %`],
    ['chance of a positive roi', chance],
    ['rationale', one.rationale],
    ['outcome', outcomeOf(one)],
  ]);
}

async function readiness(shell: Shell): Promise<void> {
  const { screen } = shell;
  const found = await shell.nexus().call(getDeploymentReadiness);
  const checks = Object.entries(found.checks as Record<string, { status: string; message: string; fix?: string }>);
  if (screen.isTable) {
    screen.line(`${found.overall_status}, score ${found.readiness_score} of 100`);
    printChecks(
      shell,
      checks.map(([name, { status, message, fix }]) => ({ name, status, message, fix })),
    );
  } else screen.document(found);
  if (found.overall_status === 'not_ready') throw checksFailed(found.summary.failed);
}

const checksFailed = (count: number) => failed(count === 1 ? '1 check failed' : `${count} checks failed`);

interface Check {
  name: string;
  status: string;
  message: string;
  fix?: string;
}

const ORDER = ['fail', 'warning', 'pass'];

/** What failed first; the fix below each. */
function printChecks({ screen }: Shell, checks: readonly Check[]): void {
  const marks: Record<string, string> = {
    fail: screen.style('red', '✗'),
    warning: screen.style('yellow', '!'),
    pass: screen.style('green', '✓'),
  };
  const width = Math.max(...checks.map(({ name }) => name.length));
  const sorted = [...checks].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  for (const { name, status, message, fix } of sorted) {
    screen.line(`${marks[status] ?? '?'} ${name.padEnd(width)}  ${message}`);
    if (fix !== undefined && fix !== '' && status !== 'pass') screen.line(screen.dim(`  ${' '.repeat(width)}  ${fix}`));
  }
}

const CLOCK_WARNING_SECONDS = 5;
const CLOCK_FAILURE_SECONDS = 60;
const DOCTOR_WAITS_MS = 10_000;

async function doctor(shell: Shell): Promise<void> {
  const checks: Check[] = [];
  const add = (name: string, status: 'pass' | 'warning' | 'fail', message: string, fix?: string): void => {
    checks.push({ name, status, message, ...(fix === undefined ? {} : { fix }) });
  };
  const { path } = shell.profiles;
  if (shell.profiles.isExposed()) add('config', 'fail', `Other users can read ${path}`, `chmod 600 ${path}`);
  else add('config', 'pass', path);
  try {
    await examine(shell, add);
  } catch (error) {
    const { message, suggestion } = recordOf(error);
    add('address', 'fail', message, suggestion);
  }
  const failures = checks.filter(({ status }) => status === 'fail').length;
  if (shell.screen.isTable) printChecks(shell, checks);
  else shell.screen.document({ healthy: failures === 0, checks });
  if (failures > 0) throw checksFailed(failures);
}

type Add = (name: string, status: 'pass' | 'warning' | 'fail', message: string, fix?: string) => void;

/** The body of `GET /health/ready`, as far as it is known to come from Nexus. */
interface ReadyAnswer {
  data?: { status?: string };
  error?: ReadyError;
}

interface ReadyError {
  code?: string;
  message?: string;
  suggestion?: string;
  details?: { checks?: Record<string, { message?: string }> };
}

/** Each later check needs the earlier ones. */
async function examine(shell: Shell, add: Add): Promise<void> {
  const { target } = shell;
  const { url } = target;
  add('address', 'pass', `${url}, from ${target.urlFrom}`);
  if (isOpenWire(url)) {
    const status = target.allowHttp ? 'warning' : 'fail';
    add('encryption', status, 'The key would be sent over plain http', 'Use the https URL of the platform');
  }
  const askedAt = Date.now();
  let response: Response;
  try {
    response = await fetch(`${url}/health/ready`, { redirect: 'manual', signal: AbortSignal.timeout(DOCTOR_WAITS_MS) });
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    const fix = 'Start the platform (npm start), or name another: --url, NEXUS_URL, nexus login';
    add('connection', 'fail', `${url} does not respond: ${reason}`, fix);
    return;
  }
  const took = Date.now() - askedAt;
  const { data, error } = ((await response.json().catch(() => undefined)) ?? {}) as ReadyAnswer;
  if (data?.status === undefined && error?.code === undefined) {
    add(
      'connection',
      'fail',
      `${url} returned status ${response.status}, but is not Nexus`,
      'Check host, port and path',
    );
    return;
  }
  add('connection', 'pass', `responds in ${took} ms`);
  if (error === undefined) add('ready', 'pass', 'accepts requests');
  else addNotReady(error, add);
  addClock(add, response.headers.get('date'), askedAt + took / 2);
  await addHealth(url, add);
  try {
    const me = await connect(target).call(getMe);
    add('key', 'pass', `${target.keyFrom}: ${me.email}, ${me.roles.join(', ')}`);
  } catch (error) {
    if (!(error instanceof NexusError || error instanceof CliError)) throw error;
    const { message, suggestion } = recordOf(error);
    add('key', 'fail', target.keyFrom === undefined ? message : `${target.keyFrom}: ${message}`, suggestion);
  }
}

function addNotReady({ message = 'The platform is not ready', suggestion, details }: ReadyError, add: Add): void {
  const checks = Object.entries(details?.checks ?? {});
  if (checks.length === 0) {
    add('ready', 'fail', message, suggestion);
    return;
  }
  const failing = checks.map(([name, check]) => (check.message === undefined ? name : `${name} (${check.message})`));
  add('ready', 'fail', `Not ready: ${failing.join(', ')}`, 'Wait until it has started, or check its log');
}

function addClock(add: Add, date: string | null, asked_at: number): void {
  if (date === null) return;
  // The header has whole seconds.
  const seconds = Math.max(0, Math.abs(Date.parse(date) + 500 - asked_at) / 1_000 - 0.5);
  const message = `differs by ${seconds < 1 ? 'less than a second' : `${Math.round(seconds)} seconds`}`;
  const fix = 'Synchronize the clocks with NTP. Otherwise, keys and signatures expire too early or too late.';
  const status = seconds > CLOCK_FAILURE_SECONDS ? 'fail' : seconds > CLOCK_WARNING_SECONDS ? 'warning' : 'pass';
  add('clock', status, message, fix);
}

async function addHealth(url: string, add: Add): Promise<void> {
  const { version, checks } = await clientOf(url).call(getDetailedHealth);
  const [own = '', theirs = ''] = [VERSION, version].map((one) => one.split('.', 1)[0]);
  const text = `nexus ${VERSION}, platform ${version}`;
  if (VERSION === version) add('version', 'pass', text);
  else add('version', own === theirs ? 'warning' : 'fail', text, `Install version ${version} of the command line`);
  for (const [name, { status, message }] of Object.entries(checks))
    if (status === 'unhealthy') add(name, 'fail', message, 'See docs/runbooks, or the log of the platform');
}

/** The pages of the console, by the prefix of the ids that they show. */
const PAGES: Readonly<Record<string, string>> = {
  proj: '/builds/',
  inv: '/runs/',
  sess: '/sessions/',
  flow: '/flows/',
  frun: '/flow-runs/',
  int: '/integrations/',
  dec: '/orchestration/decisions/',
};

/** The address of a record in the console. @throws CliError for an id that has no page */
export function addressOf(url: string, id: string | undefined): string {
  if (id === undefined) return `${url}/console`;
  const page = /^proj_\w+:./.test(id) ? '/agents/' : PAGES[/^([a-z]+)_\w{10,}$/.exec(id)?.[1] ?? ''];
  if (page === undefined) throw misused(`${id} is not an id with a page in the console`);
  return `${url}/console${page}${encodeURIComponent(id)}`;
}

async function open(shell: Shell, id: string | undefined, { print }: { print?: boolean }): Promise<void> {
  const address = addressOf(shell.target.url, id);
  const program = print ? undefined : browser(shell);
  if (shell.screen.isTable) shell.screen.line(address);
  else shell.screen.document({ address });
  if (program === undefined) return;
  const [name = '', ...words] = program;
  const child = spawn(name, [...words, address], { stdio: 'ignore', detached: true });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(new CliError(`The browser could not be started: ${error.message}`, EXIT.failed, 'Open the URL yourself.')),
    );
  });
  child.unref();
}

/** The program that opens an address; undefined where there is no screen. */
function browser({ world: { env } }: Shell): string[] | undefined {
  if (env['BROWSER']) return [env['BROWSER']];
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open'] : undefined;
}
