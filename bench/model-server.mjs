// A server of OpenAI's chat completions that answers at once, so that benchmarks measure the platform. With FLUSHED=true each chunk of a
// stream is sent separately, as real models do.
import { createServer } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

const TEXT = 'The result is 391. Ask me for another one whenever you like.';
const USAGE = { prompt_tokens: 200, completion_tokens: 14, total_tokens: 214 };
const about = (object) => ({ id: 'chatcmpl-1', object, created: 1, model: 'zero' });
const ANSWER = JSON.stringify({
  ...about('chat.completion'),
  choices: [{ index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' }],
  usage: USAGE,
});
const chunk = (delta, finish_reason = null) => ({
  ...about('chat.completion.chunk'),
  choices: [{ index: 0, delta, finish_reason }],
});
const STREAM = [
  chunk({ role: 'assistant', content: '' }),
  ...TEXT.split(/(?<= )/).map((content) => chunk({ content })),
  chunk({}, 'stop'),
  { ...about('chat.completion.chunk'), choices: [], usage: USAGE },
]
  .map((part) => `data: ${JSON.stringify(part)}\n\n`)
  .concat('data: [DONE]\n\n');
const IN_PARTS = process.env.FLUSHED === 'true' ? STREAM : [STREAM.join('')];

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  if (request.method === 'GET') return response.end('ok');
  const { stream } = JSON.parse(Buffer.concat(parts).toString());
  response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
  if (!stream) return response.end(ANSWER);
  for (const part of IN_PARTS) {
    response.write(part);
    await nextTurn();
  }
  return response.end();
}).listen(Number(process.env.API_PORT), '127.0.0.1');
