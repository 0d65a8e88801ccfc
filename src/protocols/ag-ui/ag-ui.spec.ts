import type { RunStreamEvent } from '../../invocations/run-feed.js';
import { askedRun, protocolEvents, type RunInput, runInputSchema } from './ag-ui.js';

async function* streamed(...events: [string, object][]): AsyncGenerator<RunStreamEvent> {
  for (const [index, [event, data]] of events.entries()) yield { id: String(index + 1), event, data };
}
const START: [string, object] = ['start', { invocation_id: 'inv_1', session_id: 'sess_1', model: 'm' }];
const input = { threadId: 't', runId: 'r', state: undefined };
async function told(...events: [string, object][]): Promise<Record<string, unknown>[]> {
  const heard: Record<string, unknown>[] = [];
  for await (const { data } of protocolEvents(input, streamed(...events))) heard.push(data as Record<string, unknown>);
  return heard;
}
const types = (events: Record<string, unknown>[]): unknown[] => events.map(({ type }) => type);
const asked = (given: Partial<RunInput>) =>
  askedRun(
    runInputSchema.parse({ threadId: 't', runId: 'r', messages: [{ id: '1', role: 'user', content: 'hi' }], ...given }),
  );

describe('the events of AG-UI', () => {
  it('end every message, call and step before the run is finished', async () => {
    const events = await told(
      START,
      ['delta', { text: 'Let me see.' }],
      ['tool_call', { call_id: 'a', tool: 'add', input: { x: 1 } }],
      ['tool_call', { call_id: 'b', tool: 'add', input: { x: 2 } }],
      ['tool_result', { call_id: 'b', tool: 'add', error: 'broken' }],
      ['tool_result', { call_id: 'a', tool: 'add', output: 3 }],
      ['delta', { text: 'It is ' }],
      ['delta', { text: '3.' }],
      ['done', { output: 'It is 3.' }],
    );
    expect(types(events)).toEqual([
      'RUN_STARTED',
      'STATE_SNAPSHOT',
      'CUSTOM',
      'TEXT_MESSAGE_START',
      'TEXT_MESSAGE_CONTENT',
      'TEXT_MESSAGE_END',
      'STEP_STARTED',
      'TOOL_CALL_START',
      'TOOL_CALL_ARGS',
      'TOOL_CALL_END',
      'STEP_STARTED',
      'TOOL_CALL_START',
      'TOOL_CALL_ARGS',
      'TOOL_CALL_END',
      'TOOL_CALL_RESULT',
      'STEP_FINISHED',
      'TOOL_CALL_RESULT',
      'STEP_FINISHED',
      'TEXT_MESSAGE_START',
      'TEXT_MESSAGE_CONTENT',
      'TEXT_MESSAGE_CONTENT',
      'TEXT_MESSAGE_END',
      'RUN_FINISHED',
    ]);
    const of = (type: string) => events.filter((event) => event['type'] === type);
    expect(of('STEP_STARTED').map(({ stepName }) => stepName)).toEqual(['add', 'add#b']);
    expect(of('STEP_FINISHED').map(({ stepName }) => stepName)).toEqual(['add#b', 'add']);
    expect(of('TOOL_CALL_START').map(({ parentMessageId }) => parentMessageId)).toEqual(['r-1', 'r-1']);
    expect(of('TEXT_MESSAGE_START').map(({ messageId }) => messageId)).toEqual(['r-1', 'r-2']);
    expect(of('TOOL_CALL_RESULT').map(({ content }) => content)).toEqual(['broken', '3']);
  });

  it("hand calls of the client's tools over without a step or a result", async () => {
    const events = await told(
      START,
      ['caller_call', { call_id: 'c', tool: 'ask', arguments: '{"q":1}' }],
      ['done', {}],
    );
    expect(types(events).slice(3)).toEqual(['TOOL_CALL_START', 'TOOL_CALL_ARGS', 'TOOL_CALL_END', 'RUN_FINISHED']);
    expect(events[4]).toMatchObject({ toolCallId: 'c', delta: '{"q":1}' });
  });

  it('end with RUN_ERROR when the run fails, and when its events stop', async () => {
    const failed = await told(START, ['delta', { text: 'x' }], ['error', { code: 'C', message: 'broken' }]);
    expect(types(failed).slice(-2)).toEqual(['TEXT_MESSAGE_END', 'RUN_ERROR']);
    expect(failed.at(-1)).toEqual({ type: 'RUN_ERROR', code: 'C', message: 'broken' });
    expect(types(await told(START)).at(-1)).toBe('RUN_ERROR');
    expect(types(await told(['error', { code: 'C', message: 'early' }]))).toEqual([
      'RUN_STARTED',
      'STATE_SNAPSHOT',
      'RUN_ERROR',
    ]);
  });
});

describe('the run that a client of AG-UI asks for', () => {
  it('is the whole conversation with the tools and context of the client', () => {
    const call = (id: string) => ({ id, type: 'function', function: { name: 'ask', arguments: '' } });
    const { turn, options, input_text, session_state } = asked({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', source: { type: 'data', mimeType: 'image/png', value: 'aGk=' } },
          ],
        },
        { role: 'assistant', toolCalls: [call('a')] },
        { role: 'assistant', toolCalls: [call('b')] },
        { role: 'tool', toolCallId: 'a', content: 'A' },
        { role: 'tool', toolCallId: 'b', content: 'B' },
        { role: 'reasoning' },
        { role: 'assistant', content: '' },
      ],
      tools: [{ name: 'ask', description: 'Asks' }],
      context: [{ description: 'Shop', value: 'bikes' }],
      state: { cart: 1 },
    });
    expect(turn).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: 'Look',
        parts: [
          { type: 'text', text: 'Look' },
          { type: 'image', url: 'data:image/png;base64,aGk=' },
        ],
      },
      {
        role: 'assistant',
        content: '',
        calls: [
          { call_id: 'a', tool: 'ask', arguments: '{}' },
          { call_id: 'b', tool: 'ask', arguments: '{}' },
        ],
      },
      { role: 'tool', content: 'A', call_id: 'a' },
      { role: 'tool', content: 'B', call_id: 'b' },
    ]);
    expect({ input_text, session_state }).toEqual({ input_text: 'Look', session_state: { cart: 1 } });
    expect(options).toMatchObject({
      instructions: 'Shop: bikes',
      tools: [{ name: 'ask', input_schema: { type: 'object' } }],
    });
  });

  it('is the last message in the session that the thread names', () => {
    expect(asked({ threadId: 'sess_1' })).toMatchObject({ session_id: 'sess_1', input_text: 'hi' });
    expect(asked({ threadId: 'sess_1' }).turn).toBeUndefined();
    const answered = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'ho' },
    ] as RunInput['messages'];
    expect(() => asked({ threadId: 'sess_1', messages: answered })).toThrow('must end with a user message');
    expect(() => asked({ messages: answered.slice(1) })).toThrow('must have a user message');
  });
});
