import type { Settings } from './platform/config/settings.js';
import { RequestContext } from './platform/observability/request-context.js';
import { ClusterPrimary } from './platform/lifecycle/cluster-primary.js';
import { createRootLogger } from './platform/observability/logging/root-logger.js';

/** Starts WEB_CONCURRENCY processes that serve, and supervises them. */
export async function lead(settings: Settings): Promise<void> {
  const logger = await createRootLogger(settings, new RequestContext());
  await new ClusterPrimary(settings, logger.child({ logger: 'Cluster' })).start();
}
