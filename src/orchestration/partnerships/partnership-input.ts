import type { ChangePartnershipDto } from './dto/change-partnership.dto.js';
import type { CreatePartnershipDto } from './dto/partnership-input.dto.js';
import type { PartnershipInput } from './partnership-changes.service.js';

/** A body as the record that it asks for, with what it leaves out. */
export function newPartnership(body: CreatePartnershipDto): PartnershipInput {
  const { id, name, partnership_type, ai_partner, our_role = '', partner_role = '' } = body;
  const { enabled = true, priority = 'medium', probe = {}, success_metrics = [], deliverables = [] } = body;
  return {
    id,
    name,
    partnership_type,
    ai_partner,
    our_role,
    partner_role,
    enabled,
    priority,
    probe: given(probe),
    success_metrics: success_metrics.map((metric) => ({ ...metric })),
    deliverables: deliverables.map((one) => given(one)),
  };
}

export function partnershipChanges(body: Omit<ChangePartnershipDto, 'revision'>): Partial<PartnershipInput> {
  const { probe, success_metrics, deliverables, ...plain } = body;
  return {
    ...given(plain),
    ...(probe ? { probe: given(probe) } : {}),
    ...(success_metrics ? { success_metrics: success_metrics.map((metric) => ({ ...metric })) } : {}),
    ...(deliverables ? { deliverables: deliverables.map((one) => given(one)) } : {}),
  };
}

/** Plain, and without what was not given: a body's instance has all of its class's fields. */
function given<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T;
}
