import { isPause, type RunStreamEvent } from '../../invocations/run-feed.js';
import type { Approval, Invocation } from '../../invocations/invocation.js';
import type { StreamEvent } from '../../platform/http/event-stream.js';
import type { CallerCall } from '../../runtimes/caller-request.js';
import { approvalItem, assistantItem, callItem, outputText, type OutputItem } from './items.js';
import { seconds } from './openai-body.js';
import { ended, failed, itemIds, responseObject, type ResponseState, toolItem, usageOf } from './responses.js';

type Event = Record<string, unknown> & { type: string };
interface OpenText {
  id: string;
  index: number;
  text: string;
}

/**
 * A run's events as events of a response, always the same ones for the same run: so a dropped stream is resumed by its numbers.
 */
export class ResponseEvents {
  private readonly output: OutputItem[] = [];
  private readonly tools = new Map<string, { index: number; id: string; input: unknown }>();
  private readonly ids: (prefix: string) => string;
  private text: OpenText | undefined;
  private hasText = false;
  private sequence = 0;
  private isCreated = false;

  constructor(private readonly state: ResponseState) {
    this.ids = itemIds(state.invocation_id);
  }

  /** @param after the last `sequence_number` that the reader has */
  static async *of(
    events: AsyncIterable<RunStreamEvent>,
    about: Omit<ResponseState, 'invocation_id'> & { invocation_id?: string },
    after = -1,
  ): AsyncGenerator<StreamEvent> {
    let translation: ResponseEvents | undefined;
    for await (const event of events) {
      translation ??= new ResponseEvents({ invocation_id: idIn(event.data), ...about });
      for (const data of translation.read(event)) {
        const sequence_number = translation.sequence++;
        if (sequence_number > after) yield { event: data.type, data: { ...data, sequence_number } };
      }
      // The response ends here; the run continues with another one.
      if (isPause(event)) return;
    }
  }

  private *read({ event, data }: RunStreamEvent): Generator<Event> {
    if (!this.isCreated) {
      this.isCreated = true;
      yield this.whole('response.created', 'in_progress');
      yield this.whole('response.in_progress', 'in_progress');
    }
    // What members of the team do is not part of a response.
    if (typeof data === 'object' && data !== null && 'agent' in data) return;
    if (event === 'delta') yield* this.said((data as { text: string }).text);
    else if (event === 'tool_call') yield* this.toolCalled(data as { call_id: string; tool: string; input: unknown });
    else if (event === 'tool_result') yield* this.toolEnded(data as { call_id: string; tool: string });
    else if (event === 'caller_call') yield* this.callerCalled(data as CallerCall);
    else if (event === 'approval_required')
      yield* this.asked(data as Pick<Invocation, 'usage'> & { approvals: Approval[] });
    else if (event === 'done') yield* this.done(data as Invocation & { output: string });
    else if (event === 'error') yield this.failed(data as { message: string; details?: { reason?: unknown } });
  }

  private *said(delta: string): Generator<Event> {
    if (!this.text) {
      const open = { id: this.ids('msg'), index: this.output.length, text: '' };
      this.text = open;
      this.output.push(assistantItem(open.id, '', 'in_progress'));
      yield { type: 'response.output_item.added', output_index: open.index, item: this.output[open.index] };
      yield { type: 'response.content_part.added', ...this.place(open), part: outputText('') };
      // Texts of several model calls are kept apart by an empty line; here each is an item of its own.
      if (this.hasText) delta = delta.replace(/^\n\n/, '');
      this.hasText = true;
    }
    this.text.text += delta;
    yield { type: 'response.output_text.delta', ...this.place(this.text), delta, logprobs: [] };
  }

  private *endText(): Generator<Event> {
    const { text: open } = this;
    if (!open) return;
    this.text = undefined;
    const item = assistantItem(open.id, open.text);
    this.output[open.index] = item;
    yield { type: 'response.output_text.done', ...this.place(open), text: open.text, logprobs: [] };
    yield { type: 'response.content_part.done', ...this.place(open), part: outputText(open.text) };
    yield { type: 'response.output_item.done', output_index: open.index, item };
  }

  private *toolCalled({ call_id, tool, input }: { call_id: string; tool: string; input: unknown }): Generator<Event> {
    yield* this.endText();
    const [id, output_index] = [this.ids('mcp'), this.output.length];
    const item = toolItem(id, tool, input, {}, 'in_progress');
    this.output.push(item);
    this.tools.set(call_id, { id, index: output_index, input });
    const place = { item_id: id, output_index };
    const json = item['arguments'];
    yield { type: 'response.output_item.added', output_index, item: { ...item, arguments: '' } };
    yield { type: 'response.mcp_call.in_progress', ...place };
    yield { type: 'response.mcp_call_arguments.delta', ...place, delta: json };
    yield { type: 'response.mcp_call_arguments.done', ...place, arguments: json };
  }

  private *toolEnded(result: { call_id: string; tool: string; output?: unknown; error?: string }): Generator<Event> {
    const open = this.tools.get(result.call_id);
    if (!open) return;
    this.tools.delete(result.call_id);
    const item = toolItem(open.id, result.tool, open.input, result);
    this.output[open.index] = item;
    const place = { item_id: open.id, output_index: open.index };
    yield { type: `response.mcp_call.${result.error === undefined ? 'completed' : 'failed'}`, ...place };
    yield { type: 'response.output_item.done', output_index: open.index, item };
  }

  private *callerCalled(call: CallerCall): Generator<Event> {
    yield* this.endText();
    const [id, output_index] = [this.ids('fc'), this.output.length];
    const item = callItem(id, call);
    this.output.push(item);
    const place = { item_id: id, output_index };
    const { arguments: json, tool: name } = call;
    yield { type: 'response.output_item.added', output_index, item: callItem(id, call, 'in_progress') };
    yield { type: 'response.function_call_arguments.delta', ...place, delta: json };
    yield { type: 'response.function_call_arguments.done', ...place, name, arguments: json };
    yield { type: 'response.output_item.done', output_index, item };
  }

  private *asked({ approvals, usage }: Pick<Invocation, 'usage'> & { approvals: Approval[] }): Generator<Event> {
    yield* this.endText();
    for (const approval of approvals) {
      const [item, output_index] = [approvalItem(approval), this.output.length];
      this.output.push(item);
      yield { type: 'response.output_item.added', output_index, item };
      yield { type: 'response.output_item.done', output_index, item };
    }
    yield this.whole('response.completed', 'completed', { usage: usageOf(usage) });
  }

  private *done(run: Invocation & { output: string }): Generator<Event> {
    // Of a run that was not streamed only the end is stored.
    if (this.output.length === 0 && run.output !== '') yield* this.said(run.output);
    yield* this.endText();
    if (!this.output.some(({ type }) => type === 'function_call'))
      for (const call of run.calls ?? []) yield* this.callerCalled(call);
    const { status, rest } = ended(
      run.finish_reason,
      run.usage,
      seconds(run.created_at) + Math.floor((run.duration_ms ?? 0) / 1000),
    );
    yield this.whole(`response.${status}`, status, rest);
  }

  private failed({ message, details = {} }: { message: string; details?: { reason?: unknown } }): Event {
    const { text: open } = this;
    if (open) this.output[open.index] = assistantItem(open.id, open.text, 'incomplete');
    for (const { index } of this.tools.values())
      this.output[index] = { ...(this.output[index] as OutputItem), status: 'incomplete' };
    const { status, rest } = failed(details.reason, message);
    return this.whole('response.failed', status, rest);
  }

  private whole(type: string, status: string, rest: Record<string, unknown> = {}): Event {
    return { type, response: responseObject(this.state, status, [...this.output], rest) };
  }

  private place({ id, index }: OpenText) {
    return { item_id: id, output_index: index, content_index: 0 };
  }
}

/** The first event of a run names it; an error that comes first does so in its details. */
function idIn(data: unknown): string {
  const { invocation_id, details } = data as { invocation_id?: string; details?: { invocation_id?: string } };
  return invocation_id ?? details?.invocation_id ?? '';
}
