import type { RunStreamEvent } from '../../invocations/run-feed.js';
import { askedChat, chatRequestSchema, uiMessageStream } from './ai-sdk.js';

async function* streamed(...events: [string, object][]): AsyncGenerator<RunStreamEvent> {
  for (const [index, [event, data]] of events.entries()) yield { id: String(index + 1), event, data };
}
const START: [string, object] = ['start', { invocation_id: 'inv_1', session_id: 'sess_1', model: 'm' }];
async function told(...events: [string, object][]): Promise<unknown[]> {
  const heard: unknown[] = [];
  for await (const { data } of uiMessageStream(streamed(...events)))
    heard.push((data as { type?: string }).type ?? '[DONE]');
  return heard;
}
const asked = (given: object) => askedChat(chatRequestSchema.parse(given));

describe('the UI message stream', () => {
  it('ends texts before tools and at the end', async () => {
    const call = { call_id: 'a', tool: 'add' };
    expect(
      await told(
        START,
        ['delta', { text: 'x' }],
        ['tool_call', { ...call, input: {} }],
        ['tool_result', { ...call, output: 1 }],
        ['tool_result', { ...call, error: 'broken' }],
        ['delta', { text: 'y' }],
        ['done', { usage: {} }],
      ),
    ).toEqual([
      'start',
      'start-step',
      'text-start',
      'text-delta',
      'text-end',
      'tool-input-available',
      'tool-output-available',
      'tool-output-error',
      'text-start',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
      '[DONE]',
    ]);
  });

  it('says when the run failed or broke off, and is always ended', async () => {
    expect((await told(START, ['error', { message: 'broken' }])).slice(-2)).toEqual(['error', '[DONE]']);
    expect((await told(START)).slice(-2)).toEqual(['error', '[DONE]']);
  });
});

describe('the run that a chat asks for', () => {
  const messages = [
    {
      id: '1',
      role: 'user',
      parts: [
        { type: 'text', text: 'Look' },
        { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,aGk=' },
      ],
    },
    {
      id: '2',
      role: 'assistant',
      parts: [
        { type: 'step-start' },
        {
          type: 'dynamic-tool',
          toolName: 'add',
          toolCallId: 'a',
          state: 'output-available',
          input: { x: 1 },
          output: 3,
        },
        { type: 'tool-ask', toolCallId: 'b', state: 'output-error', input: {}, errorText: 'no' },
        { type: 'dynamic-tool', toolName: 'add', toolCallId: 'c', state: 'input-available', input: {} },
        { type: 'text', text: 'It is 3.' },
      ],
    },
    { id: '3', role: 'user', parts: [{ type: 'text', text: 'Thanks' }] },
  ];

  it('is the whole conversation, with results behind their calls', () => {
    expect(asked({ id: 'chat', messages, trigger: 'submit-message' })).toEqual({
      input_text: 'Thanks',
      turn: [
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
            { call_id: 'a', tool: 'add', arguments: '{"x":1}' },
            { call_id: 'b', tool: 'ask', arguments: '{}' },
          ],
        },
        { role: 'tool', call_id: 'a', content: '3' },
        { role: 'tool', call_id: 'b', content: 'no' },
        { role: 'assistant', content: 'It is 3.' },
        { role: 'user', content: 'Thanks' },
      ],
    });
  });

  it('is the last message in a session', () => {
    expect(asked({ messages, session_id: 'sess_1' })).toEqual({ input_text: 'Thanks', session_id: 'sess_1' });
    expect(() => asked({ messages: messages.slice(0, 2), session_id: 'sess_1' })).toThrow(
      'must end with a user message',
    );
    expect(() =>
      asked({ messages: [{ role: 'user', parts: [{ type: 'file', mediaType: 'text/csv', url: 'x' }] }] }),
    ).toThrow('not an image');
  });
});
