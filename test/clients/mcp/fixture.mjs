// The tools, resources and prompts that the conformance suite asks for, behind the platform's own door: its guard, its limits, its
// controller and its transport. Only this test uses it.
import { setTimeout as delay } from 'node:timers/promises';
import { createRequestStateCodec, inputRequired, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { z } from 'zod';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQAAAAA=';
const text = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const state = createRequestStateCodec({ key: new Uint8Array(32).fill(7), ttlSeconds: 60 });

const schemaOf = (name, type) => ({ type: 'object', properties: { [name]: { type } }, required: [name] });
const elicit = (message, name, type = 'string') =>
  inputRequired.elicit({ message, requestedSchema: schemaOf(name, type) });
const sample = (question, maxTokens) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(question) }], maxTokens });

/** The content of an accepted elicitation, or undefined. */
function accepted(context, key, field) {
  const response = context.mcpReq.inputResponses?.[key];
  const value = response?.action === 'accept' ? response.content?.[field] : undefined;
  return value === undefined ? undefined : value;
}

export function conformanceServer() {
  const server = new McpServer(
    { name: 'nexus-conformance', version: '1.0.0' },
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
      requestState: { verify: state.verify },
    },
  );
  tools(server);
  inputRequiredTools(server);
  resources(server);
  prompts(server);
  return server;
}

function tools(server) {
  const answers = {
    test_simple_text: [text('This is a simple text response for testing.')],
    test_image_content: [image],
    test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
    test_embedded_resource: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
    test_multiple_content_types: [
      text('Multiple content types test:'),
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  };
  for (const [name, content] of Object.entries(answers))
    server.registerTool(name, { description: `Answers fixed content: ${name}` }, () => ({ content }));
  for (const name of ['test_logging_tool', 'test_tool_with_logging'])
    server.registerTool(name, { description: 'Logs' }, async (context) => {
      for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await context.mcpReq.log('info', line);
        await delay(50);
      }
      return { content: [text('Done')] };
    });
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool('test_tool_with_progress', { description: 'Reports progress' }, async (context) => {
    const { _meta, notify } = context.mcpReq;
    const progressToken = _meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await delay(50);
    }
    return { content: [text('Done')] };
  });
}

function inputRequiredTools(server) {
  const tool = (name, handler) => server.registerTool(name, { description: name }, handler);
  tool('test_input_required_result_elicitation', (context) => {
    const name = accepted(context, 'user_name', 'name');
    return typeof name === 'string'
      ? { content: [text(`Hello, ${name}!`)] }
      : inputRequired({ inputRequests: { user_name: elicit('What is your name?', 'name') } });
  });
  tool('test_input_required_result_sampling', (context) => {
    const answer = context.mcpReq.inputResponses?.capital_question;
    return answer
      ? { content: [text(JSON.stringify(answer.content ?? answer))] }
      : inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?', 100) } });
  });
  tool('test_input_required_result_list_roots', (context) => {
    const answer = context.mcpReq.inputResponses?.client_roots;
    return answer
      ? { content: [text(answer.roots.map(({ uri }) => uri).join(' '))] }
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirmed = (name) =>
    tool(name, async (context) => {
      const isConfirmed = accepted(context, 'confirm', 'ok') !== undefined;
      if (isConfirmed && context.mcpReq.requestState()?.round === 1) return { content: [text('state-ok')] };
      return inputRequired({
        inputRequests: { confirm: elicit('Please confirm', 'ok', 'boolean') },
        requestState: await state.mint({ round: 1 }),
      });
    });
  confirmed('test_input_required_result_request_state');
  confirmed('test_input_required_result_tampered_state');
  tool('test_input_required_result_multiple_inputs', async (context) => {
    const { inputResponses = {} } = context.mcpReq;
    if (['user_name', 'greeting', 'client_roots'].every((key) => key in inputResponses))
      return { content: [text(`Hello, ${String(accepted(context, 'user_name', 'name'))}`)] };
    return inputRequired({
      inputRequests: {
        user_name: elicit('What is your name?', 'name'),
        greeting: sample('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await state.mint({ round: 1 }),
    });
  });
  tool('test_input_required_result_multi_round', async (context) => {
    const { name, round = 0 } = context.mcpReq.requestState() ?? {};
    const first = accepted(context, 'step1', 'name');
    const color = accepted(context, 'step2', 'color');
    if (round === 2 && color !== undefined) return { content: [text(`${name} likes ${color}`)] };
    if (round === 1 && first !== undefined)
      return inputRequired({
        inputRequests: { step2: elicit('Step 2: What is your favorite color?', 'color') },
        requestState: await state.mint({ round: 2, name: first }),
      });
    return inputRequired({
      inputRequests: { step1: elicit('Step 1: What is your name?', 'name') },
      requestState: await state.mint({ round: 1 }),
    });
  });
  tool('test_input_required_result_capabilities', (context) => {
    const declared = context.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
    const inputRequests = {
      ...(declared.elicitation ? { user_name: elicit('What is your name?', 'name') } : {}),
      ...(declared.sampling ? { greeting: sample('Generate a greeting', 50) } : {}),
    };
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : { content: [text('Nothing')] };
  });
  tool('test_streaming_elicitation', () =>
    inputRequired({ inputRequests: { user_name: elicit('What is your name?', 'name') } }),
  );
  // Asks for sampling whatever the client declared: the protocol's server must refuse to send it.
  tool('test_missing_capability', () =>
    inputRequired({ inputRequests: { greeting: sample('Generate a greeting', 50) } }),
  );
}

function resources(server) {
  server.registerResource('static-text', 'test://static-text', { mimeType: 'text/plain' }, () => ({
    contents: [
      {
        uri: 'test://static-text',
        mimeType: 'text/plain',
        text: 'This is the content of the static text resource.',
      },
    ],
  }));
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, () => ({
    contents: [{ uri: 'test://static-binary', mimeType: 'image/png', blob: PNG }],
  }));
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
}

function prompts(server) {
  const user = (content) => ({ role: 'user', content });
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => ({
    messages: [user(text('This is a simple prompt for testing.'))],
  }));
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'With arguments', argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => ({ messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user({
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        }),
        user(text('Please process the embedded resource above.')),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }));
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks back' }, (context) => {
    const given = accepted(context, 'user_context', 'context');
    return given === undefined
      ? inputRequired({ inputRequests: { user_context: elicit('What context should the prompt use?', 'context') } })
      : { messages: [user(text(`Use this context: ${given}`))] };
  });
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: [], hasMore: false } }));
}
