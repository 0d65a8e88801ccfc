import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import {
  cancelInvocation,
  createSession,
  type DataOf,
  decideToolCall,
  deleteAgent,
  deleteSession,
  getAgent,
  getAgentRollout,
  getInvocation,
  getSession,
  invokeAgent,
  listAgentInvocations,
  listAgents,
  listAgentSessions,
  listAgentVersions,
  listMessages,
  type Nexus,
  promoteAgentRollout,
  rollbackAgent,
  sendMessage,
  setAgentRollout,
  stopAgentRollout,
} from '../../../sdks/typescript/src/index.js';
import { EXIT, CliError, failed, misused, textOf } from '../failure.js';
import { agentIdOf, cancel, followed, type Invocation, short, traceLines } from '../runs.js';
import { percentOf, plain, timeOf } from '../screen.js';
import { type Act, Interrupted, listed, type ListOptions, pageOf, type Shell, taken, wholeNumber } from '../shell.js';

type Agent = DataOf<typeof getAgent>;
type Rollout = DataOf<typeof getAgentRollout>;

interface RolloutOptions {
  version?: string;
  percent?: number;
  promote?: true;
  stop?: true;
}

interface InvokeOptions {
  session?: string;
  trace?: boolean;
  background?: boolean;
}

/** `agents`, `chat`, `invoke`, `runs`, `sessions`. An agent is given by its id, or by its name if that is unique. */
export function addAgents(program: Command, act: Act): void {
  addRegistry(program.command('agents').description('Lists and shows agents.'), act);
  program
    .command('chat')
    .argument('<agent>')
    .summary('talk to an agent')
    .description(
      'Talks to an agent in one session: answers are streamed, tool calls and the trace are shown.\n' +
        'On a terminal: /trace turns the trace off and on, /exit or Ctrl-D ends, Ctrl-C stops an answer.\n' +
        'Otherwise, each line of standard input is a message.',
    )
    .option('--session <id>', 'continue this session')
    .option('--no-trace', 'do not show the trace of each answer')
    .action(act(chat));
  program
    .command('invoke')
    .argument('<agent>')
    .argument('<input>', '- for standard input')
    .summary('ask an agent once')
    .description('Asks an agent once and prints its answer as it is written. Ctrl-C stops the run.')
    .option('--session <id>', 'ask in this session')
    .option('--trace', 'show tool calls and the trace, on standard error')
    .option('-b, --background', 'print the id of the run and do not wait')
    .action(act(invoke));
  addRuns(program.command('runs').description('Lists and shows runs of agents.'), act);
  addSessions(program.command('sessions').description('Lists and shows conversations.'), act);
}

function addRegistry(agents: Command, act: Act): void {
  listed(agents.command('ls', { isDefault: true }))
    .description('Lists agents.')
    .option('--status <status>', 'running, building, offline, error')
    .option('--search <words>', 'search in name and description')
    .action(
      act(async (shell, options: ListOptions & { status?: Agent['status']; search?: string }) => {
        const query = { ...pageOf(options), status: options.status, search: options.search };
        const rows = await taken(shell.nexus().items(listAgents, { query }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.agent_id },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'version', value: (row: (typeof rows)[number]) => row.version },
          { title: 'calls', value: (row: (typeof rows)[number]) => row.runtime_stats.total_invocations },
          { title: 'coverage', value: (row: (typeof rows)[number]) => percentOf(row.coverage?.share) },
          { title: 'description', value: (row: (typeof rows)[number]) => row.description },
        ];
        shell.screen.list(rows, columns, 'There are no agents. Build one: nexus build "…"');
      }),
    );
  agents
    .command('get')
    .argument('<agent>')
    .description('Shows an agent.')
    .action(
      act(async (shell, given: string) => {
        const nexus = shell.nexus();
        const agent = await nexus.call(getAgent, { path: { agent_id: await agentIdOf(nexus, given) } });
        const { runtime_stats: stats, coverage } = agent;
        shell.screen.record(agent, [
          ['agent', agent.agent_id],
          ['name', agent.agent_name],
          ['status', agent.error_message === null ? agent.status : `${agent.status}: ${agent.error_message}`],
          ['version', agent.version],
          ['model', agent.model_id],
          ['runtime', agent.runtime],
          ['tools', agent.tools.join(', ')],
          ['coverage', coverage && `${coverage.proven} of ${coverage.total} requirements`],
          ['calls', `${stats.total_invocations}, ${stats.failed_invocations} failed`],
          ['description', agent.description],
        ]);
      }),
    );
  listed(agents.command('versions').argument('<agent>'))
    .description('Lists the versions of an agent, newest first.')
    .action(
      act(async (shell, given: string, options: ListOptions) => {
        const nexus = shell.nexus();
        const path = { agent_id: await agentIdOf(nexus, given) };
        const rows = await taken(nexus.items(listAgentVersions, { path, query: pageOf(options) }), options);
        const columns = [
          { title: 'version', value: (row: (typeof rows)[number]) => row.version },
          { title: 'current', value: (row: (typeof rows)[number]) => (row.current ? '*' : '') },
          { title: 'by', value: (row: (typeof rows)[number]) => row.build_id ?? row.created_by },
          { title: 'created', value: (row: (typeof rows)[number]) => timeOf(row.created_at) },
        ];
        shell.screen.list(rows, columns, 'The agent has no versions.');
      }),
    );
  agents
    .command('rollback')
    .argument('<agent>')
    .argument('<version>')
    .description('Makes an earlier version the current one.')
    .action(
      act(async (shell, given: string, version: string) => {
        const nexus = shell.nexus();
        const path = { agent_id: await agentIdOf(nexus, given) };
        const agent = await nexus.call(rollbackAgent, { path, body: { version } });
        shell.screen.record(agent, [
          ['agent', path.agent_id],
          ['version', version],
        ]);
      }),
    );
  agents
    .command('rollout')
    .argument('<agent>')
    .summary('give a version a share of the sessions')
    .description(
      'Shows the last rollout of an agent and compares its two versions.\n' +
        '--version with --percent starts a rollout, --percent alone changes its share, --promote or --stop ends it.',
    )
    .option('--version <version>', 'the version to roll out')
    .option('--percent <number>', 'share of the sessions in percent, 1 to 99', (text) => wholeNumber(text, '--percent'))
    .addOption(
      new Option('--promote', 'make the candidate the current version').conflicts(['version', 'percent', 'stop']),
    )
    .addOption(new Option('--stop', 'all sessions run the current version again').conflicts(['version', 'percent']))
    .action(
      act(async (shell, given: string, options: RolloutOptions) => {
        const nexus = shell.nexus();
        showRollout(shell, await rolledOut(nexus, await agentIdOf(nexus, given), options));
      }),
    );
  agents
    .command('rm')
    .argument('<agent>')
    .description('Deletes an agent with its sessions and runs.')
    .option('-y, --yes', 'do not ask')
    .action(
      act(async (shell, given: string, { yes }: { yes?: boolean }) => {
        const nexus = shell.nexus();
        const agent_id = await agentIdOf(nexus, given);
        if (!yes && !/^y/i.test(await shell.ask(`Delete ${agent_id} with its sessions and runs? [y/N] `)))
          throw new CliError('Nothing was deleted', EXIT.failed);
        const deleted = await nexus.call(deleteAgent, { path: { agent_id } });
        shell.screen.record(deleted, [['deleted', agent_id]]);
      }),
    );
}

async function rolledOut(nexus: Nexus, agent_id: string, options: RolloutOptions): Promise<Rollout> {
  const { version, percent, promote, stop } = options;
  const path = { agent_id };
  if (promote) return nexus.call(promoteAgentRollout, { path, body: {} });
  if (stop) return nexus.call(stopAgentRollout, { path });
  if (version !== undefined && percent === undefined)
    throw misused('--version requires --percent', 'Set the share of the sessions, such as --percent 10');
  if (percent === undefined) return nexus.call(getAgentRollout, { path });
  if (version !== undefined) return nexus.call(setAgentRollout, { path, body: { version, percent } });
  const { candidate, revision, status } = await nexus.call(getAgentRollout, { path });
  if (status !== 'running') throw misused('No rollout is running', 'Start one with --version and --percent');
  return nexus.call(setAgentRollout, { path, body: { version: candidate.version, percent, revision } });
}

function showRollout({ screen }: Shell, rollout: Rollout): void {
  const { agent_id, status, started_at, ended_at, current, candidate } = rollout;
  screen.record(rollout, [
    ['agent', agent_id],
    ['rollout', status],
    ['started', timeOf(started_at)],
    ['ended', timeOf(ended_at)],
  ]);
  if (!screen.isTable) return;
  type Row = typeof candidate & { role: string };
  const rows: Row[] = [
    { role: 'current', ...current },
    { role: 'candidate', ...candidate },
  ];
  const columns = [
    { title: 'version', value: (row: Row) => row.version },
    { title: 'role', value: (row: Row) => row.role },
    { title: 'share', value: (row: Row) => `${row.percent} %` },
    { title: 'calls', value: (row: Row) => row.total_invocations },
    { title: 'success', value: (row: Row) => (row.success_rate === null ? '' : `${row.success_rate} %`) },
    { title: 'mean ms', value: (row: Row) => row.avg_duration_ms },
    { title: 'p95 ms', value: (row: Row) => row.p95_duration_ms },
    { title: 'tokens', value: (row: Row) => row.input_tokens + row.output_tokens },
    { title: 'cost', value: (row: Row) => costOf(row) },
  ];
  screen.line();
  screen.write(screen.table(rows, columns));
}

/** In US dollars; a sum that lacks runs without a known price is marked. */
function costOf({ cost_usd, unpriced_invocations, total_invocations }: Rollout['candidate']): string {
  if (total_invocations > 0 && unpriced_invocations === total_invocations) return '';
  return `${unpriced_invocations > 0 ? '> ' : ''}$${Number(cost_usd.toFixed(6))}`;
}

async function invoke(shell: Shell, given: string, input: string, options: InvokeOptions): Promise<void> {
  const { screen } = shell;
  const nexus = shell.nexus();
  const agent_id = await agentIdOf(nexus, given);
  const started = await nexus.call(invokeAgent, {
    path: { agent_id },
    body: {
      input_text: await shell.text(input, 'The input'),
      session_id: options.session,
      enable_trace: true,
      background: true,
    },
  });
  const { invocation_id } = started;
  if (options.background) {
    screen.record(started, [
      ['run', invocation_id],
      ['see it', `nexus runs get ${invocation_id}`],
    ]);
    return;
  }
  shell.interrupted = async () => {
    await cancel(nexus, invocation_id);
    return false;
  };
  let text = '';
  const run = await followed(shell, nexus, invocation_id, {
    text: (delta) => {
      text += delta;
      if (screen.isTable) screen.write(plain(delta));
    },
    note: (note) => (options.trace ? screen.note(screen.dim(note)) : undefined),
  });
  if (screen.isTable) screen.write(text === '' ? `${plain(run.output)}\n` : '\n');
  else screen.document(run);
  if (options.trace) for (const line of traceLines(run)) screen.note(screen.dim(line));
}

async function chat(shell: Shell, given: string, options: { session?: string; trace: boolean }): Promise<void> {
  const { screen } = shell;
  const nexus = shell.nexus();
  const agent_id = await agentIdOf(nexus, given);
  const { session_id } = options.session
    ? await nexus.call(getSession, { path: { session_id: options.session } })
    : await nexus.call(createSession, { path: { agent_id }, body: { display_name: 'nexus chat' } });
  screen.line(screen.dim(`${agent_id}, ${session_id}. /exit ends.`));
  const talk = new Talk(shell, nexus, session_id, options.trace);
  for await (const line of shell.world.stdin.isTTY ? typed(shell) : piped(shell)) {
    const content = line.trim();
    if (content === '/exit') break;
    if (content === '/trace') talk.showsTrace = !talk.showsTrace;
    else if (content.startsWith('/')) screen.note('/trace turns the trace off and on, /exit ends');
    else if (content !== '') await talk.say(content);
  }
  screen.line(screen.dim(`Continue: nexus chat ${agent_id} --session ${session_id}`));
}

const [YOU, AGENT, INDENT] = ['you    ', 'agent  ', '       '];

/** Lines that a person types, until Ctrl-D, or Ctrl-C at the prompt. */
async function* typed(shell: Shell): AsyncGenerator<string> {
  for (;;) {
    try {
      yield await shell.ask(shell.screen.bold(YOU));
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      shell.screen.line();
      return;
    }
  }
}

/** Lines of another program, which are shown as if they were typed. */
async function* piped(shell: Shell): AsyncGenerator<string> {
  for await (const line of createInterface({ input: shell.world.stdin })) {
    if (!/^\s*(?:\/|$)/.test(line)) shell.screen.line(`${shell.screen.bold(YOU)}${plain(line)}`);
    yield line;
  }
}

/** One conversation. */
class Talk {
  constructor(
    private readonly shell: Shell,
    private readonly nexus: Nexus,
    private readonly session_id: string,
    public showsTrace: boolean,
  ) {}

  /** Sends a message and shows the answer. A run that fails ends the conversation only where no person can go on. */
  async say(content: string): Promise<void> {
    const { screen, world } = this.shell;
    let isNewLine = true;
    const text = (delta: string): void => {
      if (isNewLine && delta !== '') screen.write(screen.bold(AGENT));
      isNewLine = false;
      screen.write(plain(delta).replaceAll('\n', `\n${INDENT}`));
    };
    const note = (line: string): void => {
      if (!isNewLine) screen.line();
      isNewLine = true;
      screen.line(screen.dim(screen.fitted(`${INDENT}${line}`)));
    };
    const ignored = { text: () => undefined, note: () => undefined };
    try {
      const started = await this.started(content);
      this.shell.interrupted = async () => {
        await cancel(this.nexus, started.invocation_id);
        return world.stdin.isTTY;
      };
      const shown = screen.isTable ? { text, note } : ignored;
      const run = await followed(this.shell, this.nexus, started.invocation_id, shown);
      if (!screen.isTable) screen.event(run);
      else this.end(run, { isSilent: isNewLine, text, note });
    } catch (error) {
      if (!isNewLine) screen.line();
      if (!world.stdin.isTTY || error instanceof Interrupted) throw error;
      screen.note(textOf(error));
    } finally {
      this.shell.interrupted = undefined;
    }
  }

  private async started(content: string): Promise<{ invocation_id: string }> {
    const path = { session_id: this.session_id };
    const started = await this.nexus.call(sendMessage, { path, body: { content, background: true } });
    if (!('invocation_id' in started)) throw failed('The platform did not start a run');
    return started;
  }

  private end(
    run: Invocation,
    { isSilent, text, note }: { isSilent: boolean; text: (delta: string) => void; note: (line: string) => void },
  ): void {
    if (isSilent) text(run.output ?? '');
    if (this.showsTrace) traceLines(run).forEach(note);
    else this.shell.screen.line();
  }
}

function addRuns(runs: Command, act: Act): void {
  listed(runs.command('ls', { isDefault: true }).argument('<agent>'))
    .description('Lists the runs of an agent, newest first.')
    .action(
      act(async (shell, given: string, options: ListOptions) => {
        const nexus = shell.nexus();
        const path = { agent_id: await agentIdOf(nexus, given) };
        const rows = await taken(nexus.items(listAgentInvocations, { path, query: pageOf(options) }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.invocation_id },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'ms', value: (row: (typeof rows)[number]) => row.duration_ms },
          { title: 'created', value: (row: (typeof rows)[number]) => timeOf(row.created_at) },
          { title: 'input', value: (row: (typeof rows)[number]) => short(row.input_text) },
        ];
        shell.screen.list(rows, columns, 'The agent has not run yet.');
      }),
    );
  runs
    .command('get')
    .argument('<run>')
    .description('Shows a run with its trace.')
    .action(
      act(async (shell, invocation_id: string) => {
        const run = await shell.nexus().call(getInvocation, { path: { invocation_id } });
        shell.screen.record(run, [
          ['run', run.invocation_id],
          ['agent', `${run.agent_id}, version ${run.agent_version}`],
          ['session', run.session_id],
          ['status', run.error === null ? run.status : `${run.status}: ${run.error.message}`],
          [
            'waits for',
            waiting(run)
              .map(({ tool, input }) => `${tool} ${short(input)}`)
              .join('\n'),
          ],
          ['input', run.input_text],
          ['output', run.output],
          ['trace', traceLines(run).join('\n')],
        ]);
      }),
    );
  runs
    .command('cancel')
    .argument('<run>')
    .description('Cancels a streamed, waiting or background run.')
    .action(
      act(async (shell, invocation_id: string) => {
        const cancelled = await shell.nexus().call(cancelInvocation, { path: { invocation_id } });
        shell.screen.record(cancelled, [['cancelled', invocation_id]]);
      }),
    );
  for (const [name, approve] of [['approve', true] as const, ['reject', false] as const])
    runs
      .command(name)
      .argument('<run>')
      .description(
        approve
          ? 'Approves the tool calls that a run waits for.'
          : 'Rejects the tool calls that a run waits for. The agent sees the reason.',
      )
      .option('--comment <text>', 'the reason')
      .action(
        act(async (shell, invocation_id: string, { comment }: { comment?: string }) => {
          const nexus = shell.nexus();
          const calls = waiting(await nexus.call(getInvocation, { path: { invocation_id } }));
          if (calls.length === 0) throw failed(`The run ${invocation_id} is not waiting for approval`);
          for (const { approval_id } of calls)
            await nexus.call(decideToolCall, { path: { invocation_id, approval_id }, body: { approve, comment } });
          const run = await nexus.call(getInvocation, { path: { invocation_id } });
          const tools = calls.map(({ tool }) => tool).join(', ');
          shell.screen.record(run, [[approve ? 'approved' : 'rejected', tools]]);
        }),
      );
}

const waiting = ({ approvals }: Invocation) => (approvals ?? []).filter(({ status }) => status === 'pending');

function addSessions(sessions: Command, act: Act): void {
  listed(sessions.command('ls', { isDefault: true }).argument('<agent>'))
    .description('Lists the conversations of an agent.')
    .action(
      act(async (shell, given: string, options: ListOptions) => {
        const nexus = shell.nexus();
        const path = { agent_id: await agentIdOf(nexus, given) };
        const rows = await taken(nexus.items(listAgentSessions, { path, query: pageOf(options) }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.session_id },
          { title: 'name', value: (row: (typeof rows)[number]) => row.display_name },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'messages', value: (row: (typeof rows)[number]) => row.message_count },
          { title: 'last active', value: (row: (typeof rows)[number]) => timeOf(row.last_active_at) },
        ];
        shell.screen.list(rows, columns, 'The agent has no conversations.');
      }),
    );
  listed(sessions.command('get').argument('<session>'))
    .description('Shows the messages of a conversation, oldest first.')
    .action(
      act(async (shell, session_id: string, options: ListOptions) => {
        const query = { ...pageOf(options), order: 'asc' as const };
        const items = shell.nexus().items(listMessages, { path: { session_id }, query });
        const messages = await taken(items, options);
        if (!shell.screen.isTable) shell.screen.document(messages);
        const label = (role: string): string => shell.screen.bold(role.padEnd(INDENT.length + 4));
        for (const { role, content } of messages)
          shell.screen.line(`${label(role)}${plain(content).replaceAll('\n', `\n${' '.repeat(INDENT.length + 4)}`)}`);
      }),
    );
  sessions
    .command('rm')
    .argument('<session>')
    .description('Ends a conversation and deletes its messages.')
    .action(
      act(async (shell, session_id: string) => {
        if (session_id === '') throw misused('The session id is empty');
        const deleted = await shell.nexus().call(deleteSession, { path: { session_id } });
        shell.screen.record(deleted, [['deleted', session_id]]);
      }),
    );
}
