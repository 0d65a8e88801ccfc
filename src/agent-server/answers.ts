import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AgentRunError, AgentRunFailure } from '../runtimes/agent-run-error.js';
import type { AgentEvent, AgentResult } from '../runtimes/agent-runtime.js';

const HEARTBEAT_MS = 15_000;
const CANCELLED_STATUS = 499;
const STATUS: Partial<Record<AgentRunFailure, number>> = { timeout: 504, cancelled: CANCELLED_STATUS };

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}

/** Ids of the session travel in the header; the rest is what the run gave. */
export function sendResult(response: ServerResponse, result: AgentResult): void {
  sendJson(response, 200, { ...result });
}

export function sendFailure(response: ServerResponse, error: AgentRunError): void {
  sendJson(response, STATUS[error.reason] ?? 500, { error: failureBody(error) });
}

/**
 * Server-Sent Events with only `data`, as the contract shows them: the event's `type` stands inside. A failure is an event too,
 * because AgentCore hides the body of any other status than 200. Obeys back-pressure.
 */
export async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<AgentEvent>,
  failed: (error: unknown) => AgentRunError,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS);
  try {
    for await (const event of events) await write(response, wire(event));
  } catch (error) {
    await write(response, { type: 'error', ...failureBody(failed(error)) });
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

async function write(response: ServerResponse, value: unknown): Promise<void> {
  if (response.destroyed || response.write(`data: ${JSON.stringify(value)}\n\n`)) return;
  await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

function wire(event: AgentEvent): unknown {
  return event.type === 'done' ? { type: 'done', ...event.result } : event;
}

function failureBody({ reason, message, steps, usage, cost_usd }: AgentRunError): Record<string, unknown> {
  return { reason, message, steps, usage, cost_usd };
}
