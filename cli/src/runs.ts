import {
  cancelInvocation,
  decideToolCall,
  type DataOf,
  getInvocation,
  listAgents,
  type Nexus,
} from '../../sdks/typescript/src/index.js';
import { CliError, EXIT, failed, misused } from './failure.js';
import { plain, textIn } from './screen.js';
import { type Shell } from './shell.js';

export type Invocation = DataOf<typeof getInvocation>;
type Trace = NonNullable<Invocation['trace']>;
type Step = Trace['steps'][number];

const BAR_WIDTH = 24;
const SHOWN_MAX = 200;

/** The id of an agent, which may be given by the name in it when no other agent has that name. @throws CliError */
export async function agentIdOf(nexus: Nexus, given: string): Promise<string> {
  if (given.includes(':')) return given;
  const found: string[] = [];
  for await (const { agent_id, agent_name } of nexus.items(listAgents, { query: { search: given, limit: 100 } }))
    if (agent_name === given || agent_id.endsWith(`:${given}`)) found.push(agent_id);
  if (found.length > 1) throw misused(`${found.length} agents are called ${given}. Name one by its id:`, '', found);
  if (found[0] === undefined)
    throw new CliError(
      `There is no agent ${given}`,
      EXIT.missing,
      'nexus agents lists them.',
      [],
      'RESOURCE_NOT_FOUND',
    );
  return found[0];
}

/** The events of one run, as they are shown while it goes on. */
interface Shown {
  text(delta: string): void;
  note(text: string): void;
}

/**
 * Follows a run to its end: text as it is written, tool calls, and questions for approval on a terminal.
 * @returns the record of the run
 * @throws CliError when the run failed, or waits for an approval that cannot be asked for here
 */
export async function followed(shell: Shell, nexus: Nexus, invocation_id: string, shown: Shown): Promise<Invocation> {
  const path = { invocation_id };
  for await (const { event, data } of nexus.runEvents(invocation_id) as AsyncIterable<RunEventOfAnyKind>) {
    if (event === 'delta') shown.text(textIn(data['text']));
    if (event === 'tool_call')
      shown.note(`→ ${named(textIn(data['tool']), textIn(data['agent']))} ${short(data['input'])}`);
    if (event === 'tool_result')
      shown.note(`← ${data['error'] === undefined ? short(data['output']) : `failed: ${short(data['error'])}`}`);
    if (event === 'approval_required') await decide(shell, nexus, await nexus.call(getInvocation, { path }), shown);
    if (event === 'error') throw failed(textIn(data['message']), textIn(data['suggestion']));
  }
  return nexus.call(getInvocation, { path });
}

interface RunEventOfAnyKind {
  event: string;
  data: Record<string, unknown>;
}

async function decide(
  shell: Shell,
  nexus: Nexus,
  { invocation_id, approvals }: Invocation,
  shown: Shown,
): Promise<void> {
  for (const { approval_id, tool, input, status } of approvals ?? []) {
    if (status !== 'pending') continue;
    if (!shell.world.stdin.isTTY) {
      const message = `The run ${invocation_id} waits for an approval of ${tool} ${short(input)}`;
      throw failed(message, `nexus runs approve ${invocation_id}, or nexus runs reject ${invocation_id}`);
    }
    const approve = /^y/i.test(await shell.ask(`? ${tool} ${short(input)}  Approve it? [y/N] `));
    await nexus.call(decideToolCall, { path: { invocation_id, approval_id }, body: { approve } });
    shown.note(approve ? 'approved' : 'rejected');
  }
}

/** Ctrl-C ends the run. */
export async function cancel(nexus: Nexus, invocation_id: string): Promise<void> {
  await nexus.call(cancelInvocation, { path: { invocation_id } }).catch(() => undefined);
}

/** A line of figures, and the steps of the trace as a waterfall. */
export function traceLines({ model, duration_ms, usage, cost_usd, trace, invocation_id }: Invocation): string[] {
  const figures = [
    model ?? 'no model',
    `${duration_ms ?? 0} ms`,
    `${usage.input_tokens + usage.output_tokens} tokens`,
    ...(cost_usd === null ? [] : [`${cost_usd} USD`]),
    invocation_id,
  ];
  const steps = trace?.steps ?? [];
  return [...waterfall(steps), figures.join(' · ')];
}

function waterfall(steps: readonly Step[]): string[] {
  const begins = steps.map(({ started_at }) => Date.parse(started_at));
  const from = Math.min(...begins);
  const total = Math.max(1, ...steps.map(({ duration_ms }, at) => (begins[at] ?? 0) + duration_ms - from));
  const names = steps.map(({ name, agent }) => named(name, agent));
  const width = Math.max(0, ...names.map((name) => name.length));
  return steps.map(({ type, duration_ms, input, error }, at) => {
    const left = Math.min(BAR_WIDTH - 1, Math.floor((((begins[at] ?? from) - from) / total) * BAR_WIDTH));
    const length = Math.max(1, Math.min(BAR_WIDTH - left, Math.round((duration_ms / total) * BAR_WIDTH)));
    const bar = `${' '.repeat(left)}${'▬'.repeat(length)}`.padEnd(BAR_WIDTH);
    const detail = type === 'tool' ? ` ${error === undefined ? short(input) : `failed: ${error}`}` : '';
    return plain(
      `${type.padEnd(5)} ${(names[at] ?? '').padEnd(width)} ${bar} ${String(duration_ms).padStart(5)} ms${detail}`,
    );
  });
}

/** What a member of a team does is named after it. */
const named = (name: string, agent = ''): string => (agent === '' ? name : `${agent}: ${name}`);

/** JSON on one line, cut after 200 characters. */
export function short(value: unknown): string {
  const text = plain(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replace(/\s+/g, ' ');
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
