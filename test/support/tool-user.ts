import type { ModelServer } from './model-server.js';

/** The same in the words of each protocol. */
const tokens = (input: number, output: number) => ({
  prompt_tokens: input,
  completion_tokens: output,
  input_tokens: input,
  output_tokens: output,
});

/** The model asks for the calculator once and then answers by its result. */
export function answersBySum({ mock }: ModelServer): void {
  mock.on(
    { userMessage: '17 * 23', hasToolResult: false },
    {
      toolCalls: [{ name: 'calculator', arguments: '{"expression":"17 * 23"}', id: 'call_sum' }],
      usage: tokens(100, 20),
    },
  );
  mock.on({ userMessage: '17 * 23', hasToolResult: true }, { content: '17 times 23 is 391.', usage: tokens(130, 9) });
  mock.on({ userMessage: 'hello' }, { content: 'Good day to you.', usage: tokens(50, 5) });
}

/** The model cancels the order that it is asked to with the tool `cancel_order`, and then repeats what the tool answered. */
export function cancelsOrder({ mock }: ModelServer): void {
  mock.on({ userMessage: 'cancel order', hasToolResult: false }, ({ messages }) => {
    const [number] = /\d+/.exec(JSON.stringify(messages.findLast(({ role }) => role === 'user')?.content)) ?? [];
    const call = { name: 'cancel_order', arguments: JSON.stringify({ number }), id: 'call_cancel' };
    return { toolCalls: [call], usage: tokens(100, 20) };
  });
  mock.on({ userMessage: 'cancel order', hasToolResult: true }, ({ messages }) => {
    const result = messages.findLast(({ role }) => role === 'tool')?.content;
    return { content: `The tool said: ${JSON.stringify(result)}`, usage: tokens(130, 9) };
  });
}

/** An HTTP tool whose risk is destructive. */
export const cancelOrderTool = (shop_url: string, agent: { agent_id: string }) => ({
  name: 'cancel_order',
  description: 'Cancels an order',
  agent_id: agent.agent_id,
  kind: 'http',
  config: {
    method: 'DELETE',
    url: `${shop_url}/orders/{number}`,
    input_schema: { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] },
  },
});
