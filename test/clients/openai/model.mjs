// A model behind the agent: a third-party server of OpenAI's protocol that answers what is written here.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { LLMock } = createRequire(join(process.env.NEXUS_ROOT, 'package.json'))('@copilotkit/aimock');

const textOf = ({ content }) =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('\n');
const last = (says) => ({ predicate: ({ messages }) => textOf(messages.at(-1)).includes(says) });
const weather = { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Berlin"}', id: 'call_weather' }] };

export async function startModel() {
  const mock = new LLMock({ port: Number(process.env.NEXUS_MODEL_PORT), host: '127.0.0.1', journalMaxEntries: 0 });
  mock.on(last('21 degrees'), { content: 'It is 21 degrees in Berlin.' });
  mock.on(last('weather in Berlin'), weather);
  mock.on(last('391'), { content: '17 times 23 is 391.' });
  mock.on(last('17 * 23'), {
    toolCalls: [{ name: 'calculator', arguments: '{"expression":"17 * 23"}', id: 'call_sum' }],
  });
  mock.on(last('I am Ada'), { content: 'Hello Ada.' });
  mock.on(last('my name'), { content: 'Your name is Ada.' });
  mock.on(last('science fair'), { content: '{"name":"Science fair","date":"Friday","participants":["Alice","Bob"]}' });
  mock.on(last('What is in this image'), { content: 'A red pixel.' });
  mock.on(last('Count to five'), { content: 'one two three four five' });
  mock.on(last('think long'), { content: 'At last.' }, { latency: 3_000 });
  await mock.start();
  return mock;
}
