import type { Command } from 'commander';
import {
  controlFlowRun,
  createFlow,
  type DataOf,
  decideFlowStep,
  deleteDeadLetter,
  getFlow,
  getFlowRun,
  getFlowVersion,
  listDeadLetters,
  listFlowRuns,
  listFlows,
  listRunsOfFlow,
  type Nexus,
  publishFlow,
  replayDeadLetter,
  signalFlowRun,
  startFlowRun,
  updateFlow,
  validateFlow,
} from '../../../sdks/typescript/src/index.js';
import { CliError, EXIT, failed, misused } from '../failure.js';
import { short } from '../runs.js';
import { textIn, timeOf } from '../screen.js';
import { type Act, listed, type ListOptions, number, pageOf, type Shell, taken } from '../shell.js';

type Flow = DataOf<typeof getFlow>;
type Run = DataOf<typeof getFlowRun>;
type Json = Record<string, unknown>;

const ENDED = new Set<Run['status']>(['completed', 'failed', 'compensated', 'cancelled', 'timed_out']);
/** Events that a stream has stored are sent at once; after this pause there are no more. */
const QUIET_MS = 1_000;

interface RunOptions {
  input?: string;
  dryRun?: boolean;
  maxCost?: number;
  idempotencyKey?: string;
  detach?: boolean;
}

/** `flows`. A flow is given by its id, or by its name if that is unique. */
export function addFlows(program: Command, act: Act): void {
  const flows = program.command('flows').description('Durable workflows: definitions, runs, approvals, dead letters.');
  addDefinitions(flows, act);
  addRuns(flows, act);
  addDecisions(flows, act);
  addDeadLetters(flows.command('dead-letters').description('Runs that failed after their retries.'), act);
}

function addDefinitions(flows: Command, act: Act): void {
  listed(flows.command('ls', { isDefault: true }))
    .description('Lists flows.')
    .option('--status <status>', 'draft, published, archived')
    .action(
      act(async (shell, options: ListOptions & { status?: Flow['status'] }) => {
        const query = { ...pageOf(options), status: options.status };
        const rows = await taken(shell.nexus().items(listFlows, { query }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.flow_id },
          { title: 'name', value: (row: (typeof rows)[number]) => row.name },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'version', value: (row: (typeof rows)[number]) => row.version },
          { title: 'updated', value: (row: (typeof rows)[number]) => timeOf(row.updated_at) },
        ];
        shell.screen.list(rows, columns, 'There are no flows. Create one: nexus flows apply -f flow.yaml');
      }),
    );
  flows
    .command('get')
    .argument('<flow>', 'flow, or a run of one')
    .description('Shows a flow, or a run with its steps. With -o yaml, a flow is printed as apply reads it.')
    .action(
      act(async (shell, given: string) => {
        const nexus = shell.nexus();
        if (given.startsWith('frun_')) showRun(shell, await nexus.call(getFlowRun, { path: { run_id: given } }));
        else showFlow(shell, await nexus.call(getFlow, { path: { flow_id: await flowIdOf(nexus, given) } }));
      }),
    );
  flows
    .command('apply')
    .requiredOption('-f, --file <path>', 'JSON or YAML with name and definition; - for standard input')
    .option('--no-publish', 'store the draft only')
    .description('Creates a flow, or updates the one with the same flow_id or name, and publishes it.')
    .action(act(apply));
  flows
    .command('validate')
    .requiredOption('-f, --file <path>', 'JSON or YAML; - for standard input')
    .description('Lists every fault of a definition; nothing is stored.')
    .action(
      act(async (shell, { file }: { file: string }) => {
        const { definition } = await fileOf(shell, file);
        const { valid, faults } = await shell.nexus().call(validateFlow, { body: { definition } });
        if (!valid) throw faulty(faults);
        shell.screen.record({ valid, faults }, [['valid', file]]);
      }),
    );
}

async function apply(shell: Shell, { file, publish }: { file: string; publish: boolean }): Promise<void> {
  const nexus = shell.nexus();
  const { flow_id: given, name, description, definition } = await fileOf(shell, file);
  if (name === undefined) throw misused(`${file} has no name`, 'Add a line: name: Refund');
  const flow_id = given ?? (await flowNamed(nexus, name));
  let flow: Flow;
  if (flow_id === undefined) flow = await nexus.call(createFlow, { body: { name, description, definition } });
  else {
    const { revision } = await nexus.call(getFlow, { path: { flow_id } });
    flow = await nexus.call(updateFlow, { path: { flow_id }, body: { name, description, definition, revision } });
  }
  if (flow.faults.length > 0) throw faulty(flow.faults, `The draft is stored as ${flow.flow_id}`);
  if (publish && flow.status !== 'published') flow = await nexus.call(publishFlow, { path: { flow_id: flow.flow_id } });
  shell.screen.record(flow, [
    [flow_id === undefined ? 'created' : 'changed', `${flow.name} (${flow.flow_id})`],
    ['status', flow.version === null ? flow.status : `${flow.status}, version ${flow.version}`],
  ]);
}

interface FlowFile {
  flow_id?: string;
  name?: string;
  description?: string;
  definition: Json;
}

/** A file with `name` and `definition`, or the definition alone. @throws CliError */
async function fileOf(shell: Shell, path: string): Promise<FlowFile> {
  const value = await shell.document(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw misused(`${path} does not contain an object`);
  const found = value as Json;
  const text = (name: string): string | undefined => (typeof found[name] === 'string' ? found[name] : undefined);
  const definition = (found['definition'] ?? found) as Json;
  return { flow_id: text('flow_id'), name: text('name'), description: text('description'), definition };
}

const faulty = (faults: Flow['faults'], note = ''): CliError =>
  misused(
    `The definition has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`,
    note,
    faults.map(({ path, message, suggestion }) => `${path === '' ? '' : `${path}: `}${message} ${suggestion}`.trim()),
  );

async function flowIdOf(nexus: Nexus, given: string): Promise<string> {
  if (given.startsWith('flow_')) return given;
  const found = await flowNamed(nexus, given);
  if (found === undefined)
    throw new CliError(`There is no flow ${given}`, EXIT.missing, 'nexus flows lists them.', [], 'RESOURCE_NOT_FOUND');
  return found;
}

/** @throws CliError when several have the name */
async function flowNamed(nexus: Nexus, name: string): Promise<string | undefined> {
  const found: string[] = [];
  for await (const flow of nexus.items(listFlows, { query: { limit: 100 } }))
    if (flow.name === name && flow.status !== 'archived') found.push(flow.flow_id);
  if (found.length > 1) throw misused(`${found.length} flows are called ${name}. Name one by its id:`, '', found);
  return found[0];
}

function addRuns(flows: Command, act: Act): void {
  flows
    .command('run')
    .argument('<flow>')
    .description('Starts a run and shows its steps until it has ended. Ctrl-C stops watching, not the run.')
    .option('-i, --input <object>', 'JSON or YAML, @file, or - for standard input')
    .option('--dry-run', 'perform only reads; skip writes, agents, webhooks and waits')
    .option('--max-cost <usd>', 'maximum cost of the run in US dollars', (text) => number(text, '--max-cost'))
    .option('--idempotency-key <key>', 'starting again with the same key returns the first run')
    .option('-d, --detach', 'print the id and do not wait')
    .action(act(run));
  listed(flows.command('runs').argument('[flow]'))
    .description('Lists runs, newest first: of a flow, or of all.')
    .option('--status <status>', 'queued, running, waiting, paused, completed, failed, …')
    .action(
      act(async (shell, given: string | undefined, options: ListOptions & { status?: Run['status'] }) => {
        const nexus = shell.nexus();
        const query = { ...pageOf(options), status: options.status };
        const items =
          given === undefined
            ? nexus.items(listFlowRuns, { query })
            : nexus.items(listRunsOfFlow, { path: { flow_id: await flowIdOf(nexus, given) }, query });
        const rows = await taken(items, options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.run_id },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'flow', value: (row: (typeof rows)[number]) => `${row.flow_id} v${row.flow_version}` },
          { title: 'trigger', value: (row: (typeof rows)[number]) => row.trigger.kind },
          { title: 'created', value: (row: (typeof rows)[number]) => timeOf(row.created_at) },
        ];
        shell.screen.list(rows, columns, 'There are no runs.');
      }),
    );
  flows
    .command('logs')
    .argument('<run>')
    .description('Prints the events of a run.')
    .option('-f, --follow', 'print new events until the run has ended')
    .action(act(logs));
}

async function run(shell: Shell, given: string, options: RunOptions): Promise<void> {
  const nexus = shell.nexus();
  const flow_id = await flowIdOf(nexus, given);
  const started = await nexus.call(startFlowRun, {
    path: { flow_id },
    body: {
      input: options.input === undefined ? undefined : await shell.object(options.input, 'The input'),
      dry_run: options.dryRun,
      max_cost_usd: options.maxCost,
      idempotency_key: options.idempotencyKey,
    },
  });
  if (options.detach) {
    shell.screen.record(started, [
      ['run', started.run_id],
      ['watch it', `nexus flows logs -f ${started.run_id}`],
    ]);
    return;
  }
  await watch(shell, nexus, started.run_id);
}

/** Shows the steps of a run until it has ended. @throws CliError unless it completed */
async function watch(shell: Shell, nexus: Nexus, run_id: string): Promise<void> {
  const { screen } = shell;
  shell.interrupted = () => {
    screen.note(`\nThe run continues. Watch it: nexus flows logs -f ${run_id}   End it: nexus flows cancel ${run_id}`);
    return false;
  };
  const bar = screen.progress();
  bar.note(`Run ${screen.bold(run_id)}`);
  for await (const { event, data } of nexus.flowRunEvents(run_id)) {
    const line = lineOf(shell, event, data);
    if (line !== undefined) bar.note(`  ${line}`);
    if (event === 'step.waiting' && (data as Json)['waits_for'] === 'approval')
      bar.note(screen.dim(`      nexus flows approve ${run_id} ${textIn((data as Json)['step_id'])}   or reject`));
  }
  shell.interrupted = undefined;
  const ended = await nexus.call(getFlowRun, { path: { run_id } });
  const { status, output, error, cost_usd } = ended;
  screen.record(ended, [
    ['status', status],
    ['output', output === null ? undefined : JSON.stringify(output)],
    ['error', error && `${error.step_id === undefined ? '' : `${error.step_id}: `}${error.code} ${error.message}`],
    ['cost', cost_usd > 0 ? `${cost_usd} USD` : undefined],
  ]);
  if (status !== 'completed') throw failed(`The run ended as ${status}`);
}

/** One event as a line; undefined for what no reader misses. */
function lineOf({ screen }: Shell, event: string, data: Json): string | undefined {
  const step = textIn(data['step_id']);
  const reason = screen.dim(String((data['error'] as { message?: string } | undefined)?.message ?? ''));
  const [kind, what = ''] = event.split('.');
  if (event === 'step.completed') return `${screen.style('green', '✓')} ${step}`;
  if (event === 'step.failed') return `${screen.style('red', '✗')} ${step} ${reason}`;
  if (event === 'compensation.completed') return `${screen.style('yellow', '↺')} ${step} is undone`;
  if (event === 'compensation.failed') return `${screen.style('red', '✗')} ${step} could not be undone ${reason}`;
  if (event === 'step.waiting')
    return `${screen.bold('?')} ${step} ${screen.dim(`waits for ${textIn(data['waits_for'])}`)}`;
  if (kind === 'step' && (what === 'retrying' || what === 'skipped' || what === 'cancelled'))
    return `· ${step} ${screen.dim(what)} ${reason}`.trimEnd();
  return undefined;
}

async function logs(shell: Shell, run_id: string, { follow }: { follow?: boolean }): Promise<void> {
  const { screen } = shell;
  const nexus = shell.nexus();
  const { status } = await nexus.call(getFlowRun, { path: { run_id } });
  const isOpen = !follow && !ENDED.has(status);
  const quiet = new AbortController();
  let timer = isOpen ? setTimeout(() => quiet.abort(), QUIET_MS) : undefined;
  try {
    for await (const { event, data } of nexus.flowRunEvents(run_id, { signal: quiet.signal })) {
      const { at, ...rest } = data as Json & { at: string };
      if (screen.isTable) screen.line(`${screen.dim(at)}  ${event.padEnd(22)} ${short(rest)}`);
      else screen.event({ event, ...data });
      if (timer) timer = timer.refresh();
    }
  } catch (error) {
    if (!quiet.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

function addDecisions(flows: Command, act: Act): void {
  for (const [name, approve] of [['approve', true] as const, ['reject', false] as const])
    flows
      .command(name)
      .argument('<run>')
      .argument('[step]', 'optional if only one step waits')
      .description(approve ? 'Approves a step that waits for a person.' : 'Rejects a step that waits for a person.')
      .option('--comment <text>', 'the reason')
      .action(
        act(async (shell, run_id: string, step: string | undefined, { comment }: { comment?: string }) => {
          const nexus = shell.nexus();
          const step_id = step ?? (await waitingStep(nexus, run_id));
          const run = await nexus.call(decideFlowStep, { path: { run_id, step_id }, body: { approve, comment } });
          shell.screen.record(run, [
            [approve ? 'approved' : 'rejected', step_id],
            ['status', run.status],
          ]);
        }),
      );
  flows
    .command('signal')
    .argument('<run>')
    .argument('<name>')
    .description('Sends a signal to a wait_for step, even before the step waits.')
    .option('--data <object>', 'JSON or YAML, @file, or - for standard input')
    .action(
      act(async (shell, run_id: string, name: string, { data }: { data?: string }) => {
        const body = data === undefined ? {} : { data: await shell.object(data, 'The data') };
        const run = await shell.nexus().call(signalFlowRun, { path: { run_id, name }, body });
        shell.screen.record(run, [
          ['signalled', `${name} to ${run_id}`],
          ['status', run.status],
        ]);
      }),
    );
  const actions = {
    cancel: 'Cancels a run and compensates its completed steps.',
    pause: 'Pauses a run.',
    resume: 'Resumes a paused run.',
    retry: 'Retries a run that ended without success.',
  } as const;
  for (const [action, description] of Object.entries(actions) as [keyof typeof actions, string][]) {
    const command = flows.command(action).argument('<run>').description(description);
    command.option('--reason <text>', 'reason, stored with the run');
    if (action === 'cancel') command.option('--no-compensate', 'do not compensate completed steps');
    if (action === 'retry') command.option('--from-step <step>', 'repeat from this step on');
    command.action(
      act(async (shell, run_id: string, options: { reason?: string; compensate?: boolean; fromStep?: string }) => {
        const { reason, compensate, fromStep: from_step } = options;
        const body = { action, reason, from_step, ...(action === 'cancel' ? { compensate } : {}) };
        const run = await shell.nexus().call(controlFlowRun, { path: { run_id }, body });
        shell.screen.record(run, [
          ['run', run_id],
          ['status', run.status],
        ]);
      }),
    );
  }
}

/** @throws CliError unless exactly one step waits for a person */
async function waitingStep(nexus: Nexus, run_id: string): Promise<string> {
  const { flow_id, flow_version: version, steps } = await nexus.call(getFlowRun, { path: { run_id } });
  const { definition } = await nexus.call(getFlowVersion, { path: { flow_id, version } });
  const asking = stepsThatAsk(definition);
  const waiting = steps.filter(({ status, step_id }) => status === 'waiting' && asking.has(step_id));
  if (waiting[0] && waiting.length === 1) return waiting[0].key;
  if (waiting.length === 0) throw failed(`No step of ${run_id} waits for a person`);
  throw misused(
    `${waiting.length} steps wait. Name one:`,
    '',
    waiting.map(({ key }) => key),
  );
}

/** Steps with an approval, at any depth of a definition. */
function stepsThatAsk(value: unknown): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((one) => [...stepsThatAsk(one)]));
  if (typeof value !== 'object' || value === null) return new Set();
  const { id, approval } = value as Json;
  const own = typeof id === 'string' && approval !== undefined ? [id] : [];
  return new Set([...own, ...Object.values(value).flatMap((one) => [...stepsThatAsk(one)])]);
}

function addDeadLetters(letters: Command, act: Act): void {
  listed(letters.command('ls', { isDefault: true }).argument('<flow>'))
    .description('Lists the dead letters of a flow.')
    .action(
      act(async (shell, given: string, options: ListOptions) => {
        const nexus = shell.nexus();
        const path = { flow_id: await flowIdOf(nexus, given) };
        const rows = await taken(nexus.items(listDeadLetters, { path, query: pageOf(options) }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.dead_letter_id },
          { title: 'run', value: (row: (typeof rows)[number]) => row.run_id },
          { title: 'step', value: (row: (typeof rows)[number]) => row.error?.step_id },
          {
            title: 'error',
            value: (row: (typeof rows)[number]) => row.error && `${row.error.code} ${row.error.message}`,
          },
          { title: 'created', value: (row: (typeof rows)[number]) => timeOf(row.created_at) },
        ];
        shell.screen.list(rows, columns, 'There are no dead letters.');
      }),
    );
  letters
    .command('replay')
    .argument('<dead-letter>')
    .description('Replays the run of a dead letter and shows its steps.')
    .option('-d, --detach', 'print the id and do not wait')
    .action(
      act(async (shell, dead_letter_id: string, { detach }: { detach?: boolean }) => {
        const nexus = shell.nexus();
        const run = await nexus.call(replayDeadLetter, { path: { dead_letter_id } });
        if (detach) shell.screen.record(run, [['run', run.run_id]]);
        else await watch(shell, nexus, run.run_id);
      }),
    );
  letters
    .command('rm')
    .argument('<dead-letter>')
    .description('Deletes a dead letter; its run stays.')
    .action(
      act(async (shell, dead_letter_id: string) => {
        const deleted = await shell.nexus().call(deleteDeadLetter, { path: { dead_letter_id } });
        shell.screen.record(deleted, [['deleted', dead_letter_id]]);
      }),
    );
}

function showFlow(shell: Shell, flow: Flow): void {
  if (shell.screen.format === 'yaml') {
    const { flow_id, name, description, definition } = flow;
    shell.screen.document({ flow_id, name, ...(description === '' ? {} : { description }), definition });
    return;
  }
  const steps = (flow.definition['steps'] ?? []) as { id?: string; needs?: string[] }[];
  shell.screen.record(flow, [
    ['flow', `${flow.name} (${flow.flow_id})`],
    ['status', flow.version === null ? flow.status : `${flow.status}, version ${flow.version}`],
    ['description', flow.description],
    [
      'steps',
      steps
        .map(({ id, needs = [] }) => [id, ...(needs.length > 0 ? ['←', needs.join(', ')] : [])].join(' '))
        .join('\n'),
    ],
    ['faults', flow.faults.map(({ path, message }) => `${path} ${message}`).join('\n')],
  ]);
}

function showRun(shell: Shell, run: Run): void {
  shell.screen.record(run, [
    ['run', run.run_id],
    ['flow', `${run.flow_id}, version ${run.flow_version}`],
    ['status', run.status],
    ['trigger', run.trigger.id === null ? run.trigger.kind : `${run.trigger.kind} ${run.trigger.id}`],
    ['input', short(run.input)],
    ['output', run.output === null ? undefined : short(run.output)],
    ['error', run.error && `${run.error.code} ${run.error.message}`],
  ]);
  if (!shell.screen.isTable) return;
  shell.screen.line();
  const columns = [
    { title: 'step', value: (row: Run['steps'][number]) => row.key },
    { title: 'status', value: (row: Run['steps'][number]) => row.status },
    { title: 'attempts', value: (row: Run['steps'][number]) => row.attempts.length },
    { title: 'output', value: (row: Run['steps'][number]) => short(row.error?.message ?? row.output ?? '') },
  ];
  shell.screen.write(shell.screen.table(run.steps, columns));
}
