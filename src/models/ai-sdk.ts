import { lazily } from '../platform/async/lazily.js';

/** The AI SDK, loaded with the first run or build. Types are imported from `ai` directly. */
export const aiSdk = lazily(() => import('ai'));
