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
