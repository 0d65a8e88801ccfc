// npm openai: the examples of its documentation that apply to agents.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import OpenAI, { APIConnectionError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const { MODEL_AGENT: model, NEXUS_AGENT_ID, NEXUS_AGENT_NAME, NEXUS_URL, NEXUS_TOKEN } = process.env;
const client = new OpenAI({ maxRetries: 0 });
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const Event = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });
const user = (content) => [{ role: 'user', content }];

const invocation = async (id) => {
  const response = await fetch(`${NEXUS_URL}/api/v1/invocations/inv_${id.replace(/^[a-z]+[-_]/, '')}`, {
    headers: { authorization: `Bearer ${NEXUS_TOKEN}` },
  });
  return (await response.json()).data;
};

describe('models', () => {
  test('are listed and retrieved', async () => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    assert.ok(ids.includes(model) && ids.includes(NEXUS_AGENT_ID));
    assert.equal((await client.models.retrieve(model)).id, model);
  });
});

describe('chat completions', () => {
  test('answer, and are ordinary runs', async () => {
    const completion = await client.chat.completions.create({
      model,
      messages: [{ role: 'developer', content: 'Talk like a pirate.' }, ...user('What is 17 * 23?')],
    });
    assert.equal(completion.choices[0].message.content, '17 times 23 is 391.');
    assert.equal(completion.choices[0].finish_reason, 'stop');
    assert.ok(completion.usage.total_tokens > 0);
    assert.match(completion._request_id, /^req_/);
    assert.equal((await invocation(completion.id)).output, '17 times 23 is 391.');
  });

  test('answer with the offline model', async () => {
    const completion = await client.chat.completions.create({
      model: NEXUS_AGENT_ID,
      messages: user('What is 1234 * 56?'),
    });
    assert.match(completion.choices[0].message.content, /69,104/);
    assert.equal(completion.system_fingerprint, 'nexus/offline');
    assert.ok(NEXUS_AGENT_NAME.length > 0);
  });

  test('stream', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: user('Count to five'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let [text, usage] = ['', undefined];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, 'one two three four five');
    assert.ok(usage.total_tokens > 0);
  });

  test('stream through the accumulating helper', async () => {
    const stream = client.chat.completions.stream({ model, messages: user('Count to five') });
    const deltas = [];
    stream.on('content', (delta) => deltas.push(delta));
    const completion = await stream.finalChatCompletion();
    assert.equal(completion.choices[0].message.content, 'one two three four five');
    assert.equal(deltas.join(''), 'one two three four five');
  });

  test('call functions of the caller', async () => {
    const tools = [
      { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters, strict: true } },
    ];
    const messages = user('What is the weather in Berlin?');
    const { choices } = await client.chat.completions.create({ model, messages, tools, tool_choice: 'auto' });
    assert.equal(choices[0].finish_reason, 'tool_calls');
    const [call] = choices[0].message.tool_calls;
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Berlin' });
    messages.push(choices[0].message, { role: 'tool', tool_call_id: call.id, content: '21 degrees' });
    const second = await client.chat.completions.create({ model, messages, tools });
    assert.equal(second.choices[0].message.content, 'It is 21 degrees in Berlin.');
  });

  test('run functions of the caller by themselves, streamed and not', async () => {
    for (const stream of [false, true]) {
      const runner = client.chat.completions.runTools({
        model,
        stream,
        messages: user('What is the weather in Berlin?'),
        tools: [
          {
            type: 'function',
            function: {
              name: 'get_weather',
              parameters,
              parse: JSON.parse,
              function: ({ city }) => `21 degrees in ${city}`,
            },
          },
        ],
      });
      assert.equal(await runner.finalContent(), 'It is 21 degrees in Berlin.');
    }
  });

  test('answer in a schema', async () => {
    const completion = await client.chat.completions.parse({
      model,
      messages: user('Alice and Bob are going to a science fair on Friday.'),
      response_format: zodResponseFormat(Event, 'event'),
    });
    assert.deepEqual(completion.choices[0].message.parsed.participants, ['Alice', 'Bob']);
  });

  test('read images', async () => {
    const content = [
      { type: 'text', text: 'What is in this image?' },
      { type: 'image_url', image_url: { url: PIXEL } },
    ];
    const completion = await client.chat.completions.create({
      model,
      messages: user(content),
      max_completion_tokens: 300,
    });
    assert.equal(completion.choices[0].message.content, 'A red pixel.');
  });

  test('are stopped when their stream is left', async () => {
    const stream = client.chat.completions.stream({ model, messages: user('Please think long') });
    setTimeout(() => stream.abort(), 200);
    await assert.rejects(stream.done());
  });
});

describe('responses', () => {
  test('answer, and are retrieved and deleted', async () => {
    const response = await client.responses.create({ model, instructions: 'Be kind.', input: 'What is 17 * 23?' });
    assert.equal(response.output_text, '17 times 23 is 391.');
    assert.deepEqual(
      response.output.map(({ type }) => type),
      ['mcp_call', 'message'],
    );
    const again = await client.responses.retrieve(response.id);
    assert.equal(again.output_text, '17 times 23 is 391.');
    assert.equal(again.instructions, 'Be kind.');
    const items = [];
    for await (const item of client.responses.inputItems.list(response.id)) items.push(item);
    assert.equal(items[0].content[0].text, 'What is 17 * 23?');
    await client.responses.delete(response.id);
    await assert.rejects(client.responses.retrieve(response.id), NotFoundError);
    assert.equal((await invocation(response.id)).status, 'success');
  });

  test('stream in order, and resume', async () => {
    const stream = await client.responses.create({ model, input: 'What is 17 * 23?', stream: true });
    const events = [];
    for await (const event of stream) events.push(event);
    assert.deepEqual(
      events.map(({ sequence_number }) => sequence_number),
      [...events.keys()],
    );
    assert.equal(events.at(-1).type, 'response.completed');
    const { id } = events[0].response;
    const rest = [];
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: 5 }))
      rest.push(event);
    assert.deepEqual(rest, events.slice(6));
  });

  test('stream through the accumulating helper, and resume through it', async () => {
    const runner = client.responses.stream({ model, input: 'What is 17 * 23?' });
    const response = await runner.finalResponse();
    assert.equal(response.output_text, '17 times 23 is 391.');
    const resumed = await client.responses.stream({ response_id: response.id, starting_after: 3 }).finalResponse();
    assert.equal(resumed.output_text, '17 times 23 is 391.');
  });

  test('call functions of the caller', async () => {
    const tools = [{ type: 'function', name: 'get_weather', parameters, strict: true }];
    const input = user('What is the weather in Berlin?');
    const first = await client.responses.create({ model, input, tools });
    const call = first.output.find(({ type }) => type === 'function_call');
    assert.deepEqual(JSON.parse(call.arguments), { city: 'Berlin' });
    const result = { type: 'function_call_output', call_id: call.call_id, output: '21 degrees' };
    const stateful = await client.responses.create({ model, input: [result], tools, previous_response_id: first.id });
    assert.equal(stateful.output_text, 'It is 21 degrees in Berlin.');
    const stateless = await client.responses.create({
      model,
      input: [...input, ...first.output, result],
      tools,
      store: false,
    });
    assert.equal(stateless.output_text, 'It is 21 degrees in Berlin.');
  });

  test('stream calls of functions', async () => {
    const tools = [{ type: 'function', name: 'get_weather', parameters, strict: true }];
    const runner = client.responses.stream({ model, input: 'What is the weather in Berlin?', tools });
    const { output } = await runner.finalResponse();
    assert.deepEqual(JSON.parse(output[0].arguments), { city: 'Berlin' });
  });

  test('answer in a schema', async () => {
    const response = await client.responses.parse({
      model,
      input: 'Alice and Bob are going to a science fair on Friday.',
      text: { format: zodTextFormat(Event, 'event') },
    });
    assert.equal(response.output_parsed.name, 'Science fair');
  });

  test('read images', async () => {
    const content = [
      { type: 'input_text', text: 'What is in this image?' },
      { type: 'input_image', image_url: PIXEL, detail: 'auto' },
    ];
    assert.equal((await client.responses.create({ model, input: user(content) })).output_text, 'A red pixel.');
  });

  test('remember by previous_response_id', async () => {
    const first = await client.responses.create({ model, input: 'I am Ada.' });
    const second = await client.responses.create({ model, input: 'What is my name?', previous_response_id: first.id });
    assert.equal(second.output_text, 'Your name is Ada.');
    assert.equal(second.previous_response_id, first.id);
  });

  test('go on in the background, are polled and cancelled', async () => {
    let response = await client.responses.create({ model, input: 'What is 17 * 23?', background: true });
    for (
      const deadline = Date.now() + 10_000;
      ['queued', 'in_progress'].includes(response.status) && Date.now() < deadline;
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      response = await client.responses.retrieve(response.id);
    }
    assert.equal(response.output_text, '17 times 23 is 391.');
    const long = await client.responses.create({ model, input: 'Please think long', background: true });
    assert.equal((await client.responses.cancel(long.id)).status, 'cancelled');
  });
});

describe('conversations', () => {
  test('are created, spoken in, listed and deleted', async () => {
    const conversation = await client.conversations.create({ metadata: { topic: 'demo' }, items: user('I am Ada.') });
    const response = await client.responses.create({ model, input: 'What is my name?', conversation: conversation.id });
    assert.equal(response.output_text, 'Your name is Ada.');
    const items = [];
    for await (const item of client.conversations.items.list(conversation.id, { order: 'asc', limit: 2 }))
      items.push(item);
    assert.deepEqual(
      items.map(({ role }) => role),
      ['user', 'user', 'assistant'],
    );
    const [first] = items;
    assert.deepEqual(await client.conversations.items.retrieve(first.id, { conversation_id: conversation.id }), first);
    const added = await client.conversations.items.create(conversation.id, { items: user('One more') });
    await client.conversations.items.delete(added.data[0].id, { conversation_id: conversation.id });
    assert.deepEqual((await client.conversations.update(conversation.id, { metadata: { topic: 'done' } })).metadata, {
      topic: 'done',
    });
    assert.equal((await client.conversations.retrieve(conversation.id)).metadata.topic, 'done');
    assert.equal((await client.conversations.delete(conversation.id)).deleted, true);
  });
});

describe('errors', () => {
  test('are of the classes of the client, with param and code', async () => {
    await assert.rejects(client.chat.completions.create({ model: 'nobody', messages: user('x') }), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.deepEqual([error.code, error.param, error.type], ['model_not_found', 'model', 'invalid_request_error']);
      return true;
    });
    await assert.rejects(client.chat.completions.create({ model, messages: user('x'), n: 2 }), (error) => {
      assert.ok(error instanceof BadRequestError);
      assert.equal(error.param, 'n');
      return true;
    });
    const stranger = new OpenAI({ apiKey: 'nxs_wrong', maxRetries: 0 });
    await assert.rejects(stranger.models.list(), AuthenticationError);
    assert.ok(APIConnectionError);
  });
});
