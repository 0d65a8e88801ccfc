import { setImmediate as turn } from 'node:timers/promises';
import { lazily } from '../async/lazily.js';

/**
 * Parts of undici, in the order in which they load each other. The whole takes 40 to 120 ms in one step, which would hold every other
 * request; a part takes a quarter of that. A part that a later release does not have is loaded with the whole.
 */
export const UNDICI_PARTS = [
  'core/util',
  'llhttp/constants',
  'dispatcher/client-h1',
  'dispatcher/client-h2',
  'dispatcher/client',
  'dispatcher/agent',
  'web/webidl/index',
  'web/fetch/body',
  'web/fetch/response',
  'web/fetch/index',
  'web/websocket/websocket',
  'mock/mock-agent',
  'interceptor/cache',
  'cache/memory-cache-store',
].map((part) => `undici/lib/${part}.js`);

/** undici, loaded with the first call while other requests get their turns. */
export const loadUndici = lazily(async () => {
  for (const part of UNDICI_PARTS) {
    await import(part).catch(() => undefined);
    await turn();
  }
  return import('undici');
});
