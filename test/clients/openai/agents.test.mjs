// npm @openai/agents: the examples of its documentation, over both APIs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Agent, MemorySession, run, setOpenAIAPI, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';

const { MODEL_AGENT: model } = process.env;
setTracingDisabled(true);

const getWeather = tool({
  name: 'get_weather',
  description: 'Get the weather for a given city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `21 degrees in ${city}`,
});

for (const api of ['chat_completions', 'responses'])
  describe(`agents over ${api}`, () => {
    test('answer', async () => {
      setOpenAIAPI(api);
      const agent = new Agent({ name: 'Tutor', instructions: 'You help with homework.', model });
      assert.equal((await run(agent, 'What is 17 * 23?')).finalOutput, '17 times 23 is 391.');
    });

    test('use tools', async () => {
      setOpenAIAPI(api);
      const agent = new Agent({ name: 'Weather', instructions: 'You know the weather.', model, tools: [getWeather] });
      assert.equal((await run(agent, 'What is the weather in Berlin?')).finalOutput, 'It is 21 degrees in Berlin.');
    });

    test('stream', async () => {
      setOpenAIAPI(api);
      const agent = new Agent({ name: 'Weather', instructions: 'You know the weather.', model, tools: [getWeather] });
      const result = await run(agent, 'What is the weather in Berlin?', { stream: true });
      let text = '';
      for await (const chunk of result.toTextStream()) text += chunk;
      await result.completed;
      assert.equal(text, 'It is 21 degrees in Berlin.');
    });

    test('answer in a schema', async () => {
      setOpenAIAPI(api);
      const outputType = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });
      const agent = new Agent({ name: 'Calendar', instructions: 'Extract events.', model, outputType });
      const { finalOutput } = await run(agent, 'Alice and Bob are going to a science fair on Friday.');
      assert.deepEqual(finalOutput.participants, ['Alice', 'Bob']);
    });

    test('remember in a session', async () => {
      setOpenAIAPI(api);
      const session = new MemorySession();
      const agent = new Agent({ name: 'Friend', instructions: 'Be kind.', model });
      await run(agent, 'I am Ada.', { session });
      assert.equal((await run(agent, 'What is my name?', { session })).finalOutput, 'Your name is Ada.');
    });
  });

describe('agents over responses', () => {
  test('remember by previousResponseId', async () => {
    setOpenAIAPI('responses');
    const agent = new Agent({ name: 'Friend', instructions: 'Be kind.', model });
    const first = await run(agent, 'I am Ada.');
    const second = await run(agent, 'What is my name?', { previousResponseId: first.lastResponseId });
    assert.equal(second.finalOutput, 'Your name is Ada.');
  });
});
