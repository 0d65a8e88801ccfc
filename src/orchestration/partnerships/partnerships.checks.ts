import { type Check, defineCheck, degraded, healthy } from '../../health/checks.service.js';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { PartnershipWatch } from './partnership-watch.service.js';
import { PartnershipsService } from './partnerships.service.js';

/** A probe this long past its due time is overdue: no process is running it. */
const OVERDUE_MS = 60_000;
const OVERDUE_LIMIT = 100;

/** Whether AI partners are probed, and how they perform. */
export const PARTNERSHIP_CHECKS: Check[] = [
  defineCheck({
    name: 'partnership_probes',
    shown_in: ['status'],
    severity: 'fail',
    fix: 'Start a process with PARTNERSHIP_TICK_MS above 0.',
    timeout_ms: 1_500,
    needs: [PartnershipWatch, Settings, Clock],
    look: async ([watch, settings, clock]) => {
      const before = new Date(clock.now().getTime() - OVERDUE_MS).toISOString();
      const overdue = (await watch.due(before, OVERDUE_LIMIT)).length;
      if (overdue > 0) return degraded(`${overdue} probes of partners are overdue`, { overdue });
      const tick = settings.get('PARTNERSHIP_TICK_MS');
      const message = tick === 0 ? 'Other processes run the probes' : `Due probes start every ${tick} ms`;
      return healthy(`${message}; none is overdue`, { overdue });
    },
  }),
  defineCheck({
    name: 'partnerships',
    shown_in: ['readiness'],
    severity: 'warning',
    fix: 'Read GET /api/v1/orchestration/health; fix or disable the partners it names.',
    timeout_ms: 5_000,
    needs: [PartnershipsService],
    look: async ([partnerships], { org_id }) => {
      const enabled = (await partnerships.healthOf(org_id)).filter((one) => one.enabled);
      const named = (health: string): string[] => enabled.flatMap((one) => (one.health === health ? [one.id] : []));
      const [unmeasured, poor] = [named('unknown'), named('poor')];
      const evidence = { enabled: enabled.length, unmeasured, poor };
      if (poor.length > 0) return degraded(`Poor health: ${poor.join(', ')}`, evidence);
      if (unmeasured.length > 0)
        return degraded(`Not measured: ${unmeasured.join(', ')}`, evidence, {
          fix: 'Give each a probe (agent_ids or health_url) with PUT /api/v1/orchestration/partnerships/{id}, or set enabled to false.',
        });
      return healthy(`${enabled.length} partnerships are enabled and all are measured`, evidence);
    },
  }),
];
