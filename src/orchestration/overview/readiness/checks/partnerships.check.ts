import { Injectable } from '@nestjs/common';
import { PartnershipsService } from '../../../partnerships/partnerships.service.js';
import { type Finding, pass, ReadinessCheck, type ReadinessContext, warning } from '../readiness-check.js';

/** Partners that the organisation relies on are measured and do well. */
@Injectable()
export class PartnershipsReadiness extends ReadinessCheck {
  override readonly name = 'partnerships';

  constructor(private readonly partnerships: PartnershipsService) {
    super();
  }

  override async look({ org_id }: ReadinessContext): Promise<Finding> {
    const enabled = (await this.partnerships.healthOf(org_id)).filter((one) => one.enabled);
    const named = (health: string): string[] => enabled.filter((one) => one.health === health).map(({ id }) => id);
    const [unmeasured, poor] = [named('unknown'), named('poor')];
    const evidence = { enabled: enabled.length, unmeasured, poor };
    if (poor.length > 0)
      return warning(
        `${poor.join(', ')} do poorly`,
        evidence,
        'GET /api/v1/orchestration/health says why; mend them or switch them off.',
      );
    if (unmeasured.length > 0)
      return warning(
        `Nothing is known of ${unmeasured.join(', ')}`,
        evidence,
        'Give each a probe (agent_ids or health_url) by PUT /api/v1/orchestration/partnerships/{id}, or set enabled to false.',
      );
    return pass(`${enabled.length} partnerships are switched on, all are measured`, evidence);
  }
}
