import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { AuditLog } from './audit-log.js';
import { AuditListDto, AuditLogQuery } from './dto/audit.dto.js';

@ApiTags('audit')
@Access('admin')
@Controller('audit')
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  /** Newest first; entries are kept for 90 days. */
  @Get()
  @ApiOperation({
    summary: 'Audit log',
    operationId: 'listAuditEntries',
    description:
      'For administrators. Lists who did what and when, newest first. Entries are kept for 90 days and cannot be changed.',
  })
  @ApiData(AuditListDto, { description: "One page of your organization's audit log, newest first." })
  @ApiErrors(400)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: AuditLogQuery): Promise<AuditListDto> {
    const { since, ...rest } = query;
    const from = since === undefined ? {} : { since: new Date(since).toISOString() };
    const { items, last_key } = await this.log.list(org_id, { ...rest, ...from });
    const entries = items.map(({ entry_id, at, actor, action, outcome, target, details }) => ({
      entry_id,
      at,
      actor,
      action,
      outcome,
      target: target ?? null,
      details: details ?? {},
    }));
    return { entries, total: entries.length, last_key };
  }
}
