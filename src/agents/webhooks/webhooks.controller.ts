import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../identity/access.decorator.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import type { Principal } from '../../identity/principal.js';
import { CurrentPrincipal } from '../../identity/principal.decorator.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { WebhookSecretDto } from '../dto/webhook.dto.js';
import { WebhookSecrets } from './webhook-secrets.service.js';

@ApiTags('invocations')
@Controller('webhooks')
export class WebhooksController {
  constructor(
    private readonly secrets: WebhookSecrets,
    private readonly audit: AuditLog,
  ) {}

  /** What verifies the signature of the organisation's webhooks. It changes only with the platform's key. */
  @Get('secret')
  @Access('admin')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Show the secret that signs webhooks', operationId: 'getWebhookSecret' })
  @ApiData(WebhookSecretDto, { description: 'The secret of the organisation.' })
  @ApiErrors()
  async secret(@CurrentPrincipal() { org_id, user_id }: Principal): Promise<WebhookSecretDto> {
    await this.audit.record({ org_id, actor: user_id, action: 'webhook_secret.read', outcome: 'success' });
    return { secret: this.secrets.of(org_id) };
  }
}
