import { z } from 'zod';
import { integer } from '../setting-kinds.js';

const origins = z
  .string()
  .default('[]')
  .transform((text, context): string[] => {
    try {
      return z.array(z.string()).parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a JSON list of origins, e.g. ["https://console.example.com"]',
      });
      return z.NEVER;
    }
  });

/** What the HTTP edge lets in. */
export const edgeSettings = {
  ALLOWED_ORIGINS: origins,
  REQUEST_TIMEOUT_SECONDS: integer(60, 1, 600),
};
