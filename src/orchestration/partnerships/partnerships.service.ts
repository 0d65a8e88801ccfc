import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../shared/domain-error.js';
import type { Window } from '../../statistics/window.js';
import type { Health } from './health-rules.js';
import { PartnershipReadings } from './partnership-readings.service.js';
import type { Priority } from './partnership.js';
import { PartnershipNotFoundError } from './partnerships.errors.js';
import type { Reading, Snapshot } from './snapshot.js';

export const DEFAULT_WINDOW: Window = '24h';

/** How one partner does, for those who rely on it. */
export interface PartnerHealthView {
  id: string;
  name: string;
  enabled: boolean;
  priority: Priority;
  /** 0-100; null when nothing was measured. */
  score: number | null;
  health: Health;
}

/** What is known of the partnerships of an organisation; nothing is older than a second. */
@Injectable()
export class PartnershipsService {
  constructor(private readonly readings: PartnershipReadings) {}

  snapshot(org_id: string, window: Window = DEFAULT_WINDOW): Promise<Snapshot> {
    return this.readings.snapshot(org_id, window);
  }

  /** Of all partnerships, or of those asked for; ids that name none are left out. */
  async healthOf(
    org_id: string,
    ids?: readonly string[],
    window: Window = DEFAULT_WINDOW,
  ): Promise<PartnerHealthView[]> {
    const { readings } = await this.snapshot(org_id, window);
    return readings
      .filter(({ partnership }) => !ids || ids.includes(partnership.id))
      .map(({ partnership: { id, name, enabled, priority }, score, health }) => ({
        id,
        name,
        enabled,
        priority,
        score,
        health,
      }));
  }

  /** @throws PartnershipNotFoundError */
  async get(org_id: string, id: string, window: Window = DEFAULT_WINDOW): Promise<Reading> {
    const { readings } = await this.snapshot(org_id, window);
    const reading = readings.find(({ partnership }) => partnership.id === id);
    if (!reading) throw new PartnershipNotFoundError(id);
    return reading;
  }

  /** @throws ValidationError naming the types that the organisation has. */
  async type(org_id: string, partnership_type: string, window: Window = DEFAULT_WINDOW) {
    const { types, taken_at } = await this.snapshot(org_id, window);
    const type = types.find((one) => one.partnership_type === partnership_type);
    if (type) return { ...type, taken_at };
    const valid_types = types.map((one) => one.partnership_type);
    throw new ValidationError(`type must be one of: ${valid_types.join(', ')}`, {
      details: { fields: { type: [`must be one of: ${valid_types.join(', ')}`] }, valid_types },
    });
  }
}
