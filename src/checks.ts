import type { Check } from './health/checks.service.js';
import { DEPLOYMENT_CHECKS } from './health/checks/deployment.checks.js';
import { HTTP_CHECKS } from './health/checks/http.checks.js';
import { LIVE_CHECKS } from './health/checks/live.checks.js';
import { PARTNERSHIP_CHECKS } from './orchestration/partnerships/partnerships.checks.js';

/** Every check of the platform, in the order in which answers list them. Each appears in the views that its entry names. */
export const CHECKS: readonly Check[] = [...LIVE_CHECKS, ...HTTP_CHECKS, ...PARTNERSHIP_CHECKS, ...DEPLOYMENT_CHECKS];
