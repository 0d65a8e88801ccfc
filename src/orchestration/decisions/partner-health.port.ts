/** How a partner does, as the partnerships measure it. */
export interface PartnerHealthView {
  id: string;
  name: string;
  enabled: boolean;
  priority: string;
  /** 0..100; null while nothing was measured. */
  score: number | null;
  health: 'excellent' | 'good' | 'fair' | 'poor' | 'unknown';
}

/** What decisions ask about partners. */
export abstract class PartnerHealth {
  /** Of the partners with these ids; an id that the organisation has no partner for is left out. */
  abstract of(org_id: string, ids: readonly string[]): Promise<PartnerHealthView[]>;
}
