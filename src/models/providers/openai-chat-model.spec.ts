import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { parseSettings } from '../../platform/config/load-settings.js';
import { partsOf, type StreamPart } from '../streamed-model.js';
import { Metrics } from '../../platform/observability/metrics.js';
import { ModelMetrics } from '../observed-model.js';
import { ModelsService } from '../models.service.js';
import { configuredProviders } from './providers.js';

let server: Server;
let model: LanguageModelV4;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const settings = parseSettings({
    ENVIRONMENT: 'test',
    MODEL_PROVIDER: 'openai',
    MODEL_ID: 'm',
    MODEL_MAX_RETRIES: '0',
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
  });
  model = new ModelsService(settings, configuredProviders(settings), new ModelMetrics(new Metrics())).languageModel();
});
afterAll(() => server.close());

const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'hi' }] }];

/** Sends the stream in the given pieces of bytes. */
function streams(...pieces: (string | Buffer)[]): void {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    void (async () => {
      for (const piece of pieces) {
        response.write(piece);
        await new Promise(setImmediate);
      }
      response.end();
    })();
  };
}

const event = (chunk: unknown): string => `data: ${JSON.stringify(chunk)}\n\n`;
const said = (delta: object, finish_reason: string | null = null) => event({ choices: [{ delta, finish_reason }] });

async function read(): Promise<StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const part of await partsOf(model, { prompt })) parts.push(part);
  return parts;
}

const textOf = (parts: StreamPart[]) =>
  parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : [])).join('');
const callsOf = (parts: StreamPart[]) => parts.filter(({ type }) => type === 'tool-call');

describe('a stream of chat completions', () => {
  it('is read across any cut of its bytes, with either end of line', async () => {
    const whole = Buffer.from(
      `: hello\r\n\r\nevent: x\r\ndata: {"choices":[{"delta":{"content":"Grüße 🌍"}}]}\r\n\r\n${said({ content: '!' }, 'stop')}data: [DONE]\n\n`,
    );
    streams(...Array.from(whole, (_byte, index) => whole.subarray(index, index + 1)));
    const parts = await read();
    expect(textOf(parts)).toBe('Grüße 🌍!');
    expect(parts.at(-1)).toMatchObject({ type: 'finish', finishReason: { unified: 'stop', raw: 'stop' } });
  });

  it('ends without [DONE] and without a last empty line', async () => {
    streams(
      said({ content: 'a' }),
      `data: {"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":2}}}`,
    );
    expect((await read()).at(-1)).toMatchObject({
      finishReason: { unified: 'length' },
      usage: { inputTokens: { total: 7, noCache: 5, cacheRead: 2 }, outputTokens: { total: 3 } },
    });
  });

  it('has thoughts before the answer, also as parts of the content', async () => {
    streams(
      said({ reasoning_content: 'hm' }) +
        said(
          {
            content: [
              { type: 'thinking', thinking: [{ type: 'text', text: ' well' }] },
              { type: 'text', text: 'Yes' },
            ],
          },
          'stop',
        ),
    );
    expect((await read()).map((part) => ('delta' in part ? `${part.type} ${part.delta}` : part.type))).toEqual([
      'stream-start',
      'response-metadata',
      'reasoning-start',
      'reasoning-delta hm well',
      'reasoning-end',
      'text-start',
      'text-delta Yes',
      'text-end',
      'finish',
    ]);
  });

  it('passes on text that arrived together as one part, also before an error, and text that arrived apart at once', async () => {
    const texts: string[] = [];
    let next: () => void = () => undefined;
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(said({ content: 'one ' }));
      next = () => response.end(said({ content: 'two ' }) + said({ content: 'three' }) + event({ error: 'broken' }));
    };
    const reading = (async () => {
      for await (const part of await partsOf(model, { prompt }))
        if (part.type === 'text-delta') {
          texts.push(part.delta);
          next();
        }
    })();
    await expect(reading).rejects.toThrow();
    expect(texts).toEqual(['one ', 'two three']);
  });

  it('has calls of tools put together from pieces, with or without index', async () => {
    streams(
      said({ tool_calls: [{ index: 0, id: 'a', function: { name: 'add', arguments: '{"x"' } }] }),
      said({ tool_calls: [{ index: 1, id: 'b', function: { arguments: '{' } }] }),
      said({
        tool_calls: [
          { index: 0, function: { arguments: ':1}' } },
          { index: 1, function: { name: 'sub', arguments: '}' } },
        ],
      }),
      said(
        {
          tool_calls: [
            {
              id: 'c',
              function: { name: 'mul', arguments: '{}' },
              extra_content: { google: { thought_signature: 's' } },
            },
          ],
        },
        'tool_calls',
      ),
    );
    expect(callsOf(await read())).toEqual([
      { type: 'tool-call', toolCallId: 'a', toolName: 'add', input: '{"x":1}' },
      { type: 'tool-call', toolCallId: 'b', toolName: 'sub', input: '{}' },
      {
        type: 'tool-call',
        toolCallId: 'c',
        toolName: 'mul',
        input: '{}',
        providerMetadata: { openai: { thoughtSignature: 's' } },
      },
    ]);
  });

  it.each([
    ['an error of the server', event({ error: { message: 'overloaded', code: 'rate_limit_exceeded' } }), 'rate_limit'],
    ['what is not JSON', 'data: {"choices"\n\n', 'malformed'],
    ['the end before a finish reason', said({ content: 'half' }), 'outage'],
  ])('fails at %s', async (_what, piece, fault) => {
    streams(piece);
    await expect(read()).rejects.toMatchObject({ fault });
  });

  it('fails when the connection breaks, and closes the connection when its reader leaves', async () => {
    answer = (_request, response) => {
      response.write(said({ content: 'a' }), () => response.destroy());
    };
    await expect(read()).rejects.toMatchObject({ fault: 'outage' });
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.write(said({ content: 'a' }));
        response.on('close', resolve);
      };
    });
    for await (const part of await partsOf(model, { prompt })) if (part.type === 'text-delta') break;
    await closed;
  });
});

describe('a refused call', () => {
  it('says what the server said, and when to try again', async () => {
    answer = (request, response) => {
      expect(request.headers.authorization).toBe('Bearer sk-test');
      response.writeHead(429, { 'retry-after': '7' }).end('{"error":{"message":"slow down"}}');
    };
    await expect(model.doGenerate({ prompt })).rejects.toMatchObject({ fault: 'rate_limit', retryAfterMs: 7_000 });
    answer = (_request, response) => response.writeHead(400).end('{"error":{"message":"no such field"}}');
    await expect(read()).rejects.toMatchObject({
      fault: 'invalid_request',
      message: expect.stringContaining('no such field') as string,
    });
  });
});
