// A Mastra agent with memory in LibSQL, behind Node's HTTP server. No authentication.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Mastra } from '@mastra/core';
import { Agent } from '@mastra/core/agent';
import { LibSQLStore } from '@mastra/libsql';
import { Memory } from '@mastra/memory';

const model = createOpenAICompatible({ name: 'bench', baseURL: process.env.MODEL_URL, includeUsage: true })('zero');
const storage = new LibSQLStore({ id: 'bench', url: `file:${join(process.env.DATA_DIRECTORY, 'mastra.db')}` });
const bench = new Agent({
  id: 'bench',
  name: 'bench',
  instructions: 'You are a calculator assistant.',
  model,
  memory: new Memory({ storage, options: { lastMessages: 20 } }),
});
const agent = new Mastra({ agents: { bench }, storage, logger: false }).getAgent('bench');

createServer(async (request, response) => {
  if (request.method === 'GET') return response.end('ok');
  try {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { message, thread, stream } = JSON.parse(Buffer.concat(parts).toString());
    const memory = { thread, resource: 'bench' };
    if (!stream) {
      const { text } = await agent.generate(message, { memory });
      return response.setHeader('content-type', 'application/json').end(JSON.stringify({ text }));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const { textStream } = await agent.stream(message, { memory });
    for await (const text of textStream) response.write(`event: delta\ndata: ${JSON.stringify({ text })}\n\n`);
    return response.end('event: done\ndata: {}\n\n');
  } catch (error) {
    return response.writeHead(500).end(String(error));
  }
}).listen(Number(process.env.API_PORT), '127.0.0.1');
