import { z } from 'zod';
import { integer } from '../setting-kinds.js';

const HOST = /^(?:\*|\.?[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/i;

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

/** A list separated by commas. */
const names = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );

/** What the HTTP edge lets in. */
export const edgeSettings = {
  ALLOWED_ORIGINS: origins,
  /** Names without port, `.example.com` for subdomains, `*` for any. Empty: see `platform/http/host-guard.ts`. */
  NEXUS_ALLOWED_HOSTS: names.refine((hosts) => hosts.every((host) => HOST.test(host)), {
    message: 'must be host names without scheme and port, separated by commas, e.g. nexus.example.com,.internal',
  }),
  /** Seconds to receive a whole request. */
  REQUEST_TIMEOUT_SECONDS: integer(60, 1, 600),
  RATE_LIMIT_PER_MINUTE: integer(600, 1, 1_000_000_000),
  RATE_LIMIT_AUTH_PER_MINUTE: integer(20, 1, 1_000_000_000),
  RATE_LIMIT_ORCHESTRATION_PER_MINUTE: integer(100, 1, 1_000_000_000),
  /** Server-Sent Event streams that one principal may hold open in one process. */
  EVENT_STREAMS_PER_PRINCIPAL: integer(50, 1, 100_000),
  /** Where several processes count together. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: IPs, networks, or `loopback`, `linklocal`, `uniquelocal`. */
  TRUSTED_PROXIES: names,
};
