import type { JSONSchema7 } from '@ai-sdk/provider';
import type { ToolModelMessage, ToolSet } from 'ai';
import pLimit from 'p-limit';
import { aiSdk } from '../../models/model-provider.js';
import { boundedOutput, ToolError } from '../../tools/tool.js';
import type { DefinedTool } from '../../tools/tool-definition.js';
import { type AgentDefinition, memberTool, type TeamMember } from '../agent-definition.js';
import {
  type AgentEvent,
  type AgentRun,
  AgentRunError,
  type CallDecision,
  type HeldMember,
  type HeldRun,
} from '../agent-runtime.js';
import type { RunDeadline } from './run-bounds.js';
import { memberCallId, MemberHeldError, messageOf, type RunEvents, type TraceRecorder } from './run-events.js';

/** Tasks of one run that members work on at the same time. More wait. */
const TASKS_AT_ONCE = 4;

const TASK_SCHEMA: JSONSchema7 = {
  type: 'object',
  properties: {
    task: { type: 'string', minLength: 1, description: 'The task, with everything that the specialist needs to know' },
  },
  required: ['task'],
  additionalProperties: false,
};

/** Works on a task with the trace of a member. */
type Work = (run: AgentRun, trace: TraceRecorder) => AsyncGenerator<AgentEvent>;

/**
 * The team of one run. A member runs inside the run of its supervisor: with its time, tokens, money and budgets, and with the task
 * as its whole conversation. It has no team, so that teams do not nest.
 */
export class Team {
  private readonly limit = pLimit(TASKS_AT_ONCE);

  constructor(
    private readonly run: AgentRun,
    private readonly events: RunEvents,
    private readonly trace: TraceRecorder,
    private readonly deadline: RunDeadline,
    private readonly work: Work,
  ) {}

  /** A tool `ask_<name>` for each member. */
  async tools(): Promise<ToolSet> {
    const { team = [] } = this.run.definition;
    if (team.length === 0) return {};
    const { jsonSchema } = await aiSdk();
    const tools = team.map((member) => {
      const execute = (input: unknown, { toolCallId }: { toolCallId: string }) =>
        this.asked(member, toolCallId, (input as { task: string }).task);
      const inputSchema = jsonSchema<unknown>(TASK_SCHEMA, { validate: taskOf });
      return [memberTool(member), { description: member.description, inputSchema, execute }] as const;
    });
    return Object.fromEntries(tools);
  }

  /** Continues members that waited for approval, side by side. @returns the results that the supervisor reads */
  async *resumed(
    members: readonly HeldMember[],
    decisions: readonly CallDecision[],
  ): AsyncGenerator<AgentEvent, ToolModelMessage['content']> {
    for (const member of members) this.events.memberResumed(member);
    const works = members.map((member) => this.continued(member, decisions));
    return yield* this.events.during(this.deadline.within(Promise.all(works).then((results) => results.flat())));
  }

  private async continued(
    { call_id, name, task, held }: HeldMember,
    decisions: readonly CallDecision[],
  ): Promise<ToolModelMessage['content']> {
    const tool = memberTool({ name });
    const result = { type: 'tool-result' as const, toolCallId: call_id, toolName: tool };
    const prefix = memberCallId(call_id, '');
    const own = decisions.flatMap((decision) =>
      decision.call_id.startsWith(prefix) ? [{ ...decision, call_id: decision.call_id.slice(prefix.length) }] : [],
    );
    try {
      const member = this.run.definition.team?.find((one) => one.name === name);
      if (!member) throw new ToolError(`The team no longer has the member ${name}`);
      const output = await this.asked(member, call_id, task, { held, decisions: own });
      this.events.post(this.events.toolFinished(call_id, tool, { output }));
      const value =
        typeof output === 'string'
          ? { type: 'text' as const, value: output }
          : { type: 'json' as const, value: output as never };
      return [{ ...result, output: value }];
    } catch (failure) {
      if (failure instanceof MemberHeldError) {
        this.events.memberHeld(failure.member);
        return [];
      }
      this.deadline.signal.throwIfAborted();
      this.events.post(this.events.toolFinished(call_id, tool, { failure }));
      return [{ ...result, output: { type: 'error-text', value: messageOf(failure) } }];
    }
  }

  private asked(
    member: TeamMember,
    call_id: string,
    task: string,
    resumed?: { held: HeldRun; decisions: CallDecision[] },
  ): Promise<unknown> {
    return this.limit(() => this.answer(member, call_id, task, resumed));
  }

  /** @throws MemberHeldError; ToolError when the member cannot answer; the reason of the run's end */
  private async answer(
    member: TeamMember,
    call_id: string,
    task: string,
    resumed?: { held: HeldRun; decisions: CallDecision[] },
  ): Promise<unknown> {
    const { name } = member;
    const { signal } = this.deadline;
    signal.throwIfAborted();
    const { options: _options, turn: _turn, resumed: _resumed, ...shared } = this.run;
    const definition = definitionOf(member, this.run.definition);
    const run = { ...shared, definition, input: task, history: [], signal, ...(resumed ? { resumed } : {}) };
    try {
      for await (const event of this.work(run, this.trace.of(name))) {
        if (event.type === 'tool_call' || event.type === 'tool_result')
          this.events.post([{ ...event, call_id: memberCallId(call_id, event.call_id), agent: name }]);
        if (event.type !== 'done') continue;
        const { held, output } = event.result;
        // The steps stand in the trace of the supervisor.
        if (held) throw new MemberHeldError({ call_id, name, task, held: { ...held, steps: [] } });
        return boundedOutput(output);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AgentRunError)
        throw new ToolError(`${name} could not answer: ${error.message}`, { cause: error });
      throw error;
    }
    throw new ToolError(`${name} ended without an answer`);
  }
}

function taskOf(input: unknown): { success: true; value: unknown } | { success: false; error: Error } {
  const { task } = (input ?? {}) as { task?: unknown };
  if (typeof task === 'string' && task.trim() !== '') return { success: true, value: { task } };
  return { success: false, error: new Error('task must be a non-empty string') };
}

/** The definition that a member runs: its own words and tools, the limits and guardrails of the supervisor. */
function definitionOf(member: TeamMember, supervisor: AgentDefinition): AgentDefinition {
  const { team: _team, output_schema: _schema, ...shared } = supervisor;
  const { name, description, role, system_prompt, model_id, tools, documents } = member;
  const knowledge = shared.knowledge.filter((one) => documents === undefined || documents.includes(one.name));
  const model = model_id ?? shared.model_id;
  return { ...shared, display_name: name, description, role, system_prompt, model_id: model, tools, knowledge };
}

/** Which attached tools the run of a supervisor is offered: all but those that only members list. */
export function attachedOf({ tools, team }: AgentDefinition): ((tool: AttachedName) => boolean) | undefined {
  if (!team) return undefined;
  const own = listed(tools);
  const others = listed(team.flatMap((member) => member.tools));
  return (tool) => own(tool) || !others(tool);
}

interface AttachedName {
  tool_id: string;
  name: string;
}

/** By id, or by name: an imported definition names tools by the ids of the place where it was exported. */
export function listed(tools: readonly DefinedTool[]): (tool: AttachedName) => boolean {
  const names = new Set(tools.flatMap((one) => (one.kind === 'attached' ? [one.tool_id, one.name] : [])));
  return ({ tool_id, name }) => names.has(tool_id) || names.has(name);
}
