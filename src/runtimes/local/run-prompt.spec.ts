import { agentDefinitionSchema } from '../agent-definition.js';
import { messagesOf } from './run-prompt.js';

const remembered = (history: string[], memory: { max_messages?: number; max_tokens?: number } = {}): number => {
  const definition = agentDefinitionSchema.parse({
    ...{ schema_version: '1', agent_name: 'a', display_name: 'a', description: '', role: 'r', system_prompt: 's' },
    memory,
  });
  const said = history.map((content, index) => ({
    role: index % 2 ? ('assistant' as const) : ('user' as const),
    content,
  }));
  const run = { org_id: 'o', agent_id: 'p:a', session_id: 's', definition, input: 'And now?', history: said };
  return messagesOf(run).length - 1;
};

describe('the window of a conversation', () => {
  it('holds a long conversation of short messages, and fewer long ones', () => {
    expect(remembered(Array.from({ length: 100 }, () => 'short'))).toBe(100);
    // 4,000 letters are 1,004 tokens with what stands around them: 15 fit into 16,000.
    expect(remembered(Array.from({ length: 100 }, () => 'x'.repeat(4_000)))).toBe(14);
  });

  it('is as large as the definition says, in tokens and in messages', () => {
    const said = Array.from({ length: 100 }, () => 'x'.repeat(396));
    expect(remembered(said, { max_tokens: 1_030 })).toBe(10);
    expect(remembered(said, { max_messages: 6 })).toBe(6);
    expect(remembered(said, { max_messages: 0 })).toBe(0);
  });

  it('keeps the last exchange even if it is too large', () => {
    expect(remembered(['q', 'a', 'x'.repeat(100_000)], { max_tokens: 100 })).toBe(1);
  });
});
