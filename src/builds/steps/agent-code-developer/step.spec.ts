import { namedModel } from './step.js';

const knows = (id: string): boolean => ['gpt-4o', 'openai:qwen3:8b', 'nexus/offline'].includes(id);

describe('namedModel', () => {
  it.each([
    ['A tip calculator that runs on gpt-4o.', 'gpt-4o'],
    ['A tip calculator. Use the model "openai:qwen3:8b".', 'openai:qwen3:8b'],
    ['A tip calculator, model_id: gpt-4o, for waiters.', 'gpt-4o'],
    ['A tip calculator powered by nexus/offline', 'nexus/offline'],
    ['It explains why gpt-4o is cheaper than others.', null],
    ['It runs on Mondays and knows the model T of Ford.', null],
    ['It runs on a server with the model gpt-9.', null],
  ])('%s → %s', (requirement, model) => {
    expect(namedModel(requirement, knows)).toBe(model);
  });
});
