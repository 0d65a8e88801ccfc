import { z } from 'zod';
import { integer } from '../setting-kinds.js';

/** How many processes serve, and how they leave. */
export const lifecycleSettings = {
  /** Processes that share the port of this machine; see `platform/lifecycle/cluster-primary.ts`. */
  WEB_CONCURRENCY: integer(1, 1, 256),
  /** How long requests are still taken after the readiness probe has turned: as long as a load balancer needs to notice. Undefined: 10 in production, else 0. */
  SHUTDOWN_DRAIN_SECONDS: z.coerce.number().min(0).max(300).optional(),
  /** How long requests that are being answered may take after that. */
  SHUTDOWN_GRACE_SECONDS: integer(30, 0, 3600),
  /** How long an unused connection is kept: longer than the load balancer in front keeps it, or it sends into a closed one. */
  KEEP_ALIVE_SECONDS: integer(65, 1, 3600),
};

type LifecycleSettings = z.infer<z.ZodObject<typeof lifecycleSettings>> & { NEXUS_DATABASE: 'embedded' | 'dynamodb' };

/** The embedded database is a child of one process, with a lock on its directory. */
export function lifecycleProblems(values: LifecycleSettings): string[] {
  return values.WEB_CONCURRENCY > 1 && values.NEXUS_DATABASE === 'embedded'
    ? [
        'WEB_CONCURRENCY: the embedded database belongs to one process; several need one that they share: ' +
          'NEXUS_DATABASE=dynamodb with AWS credentials, or DYNAMODB_ENDPOINT of an engine that they all reach',
      ]
    : [];
}
