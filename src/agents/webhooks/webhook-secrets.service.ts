import { hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { cursorSecret } from '../../platform/dynamodb/cursor-secret.js';
import { SECRET_PREFIX } from './webhook-signature.js';

const KEY_BYTES = 32;

/**
 * The secret that signs an organisation's webhooks: derived from the platform's key (RFC 5869), so none is stored. It changes
 * when the platform's key does.
 */
@Injectable()
export class WebhookSecrets {
  private readonly key: string | Buffer;

  constructor(settings: Settings) {
    this.key = settings.get('JWT_SECRET_KEY') ?? cursorSecret(settings.get('NEXUS_DATA_DIR'));
  }

  of(org_id: string): string {
    const secret = hkdfSync('sha256', this.key, '', `nexus webhook signing 1 ${org_id}`, KEY_BYTES);
    return SECRET_PREFIX + Buffer.from(secret).toString('base64');
  }
}
