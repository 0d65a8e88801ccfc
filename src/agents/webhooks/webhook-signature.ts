import { createHmac } from 'node:crypto';

export const SECRET_PREFIX = 'whsec_';

/**
 * The headers of a signed call as Standard Webhooks 1.0 defines them (standardwebhooks.com): HMAC-SHA256 with the decoded
 * secret over `id.timestamp.body`, in Base64. Libraries of many languages verify it.
 */
export function signedHeaders(
  secret: string,
  message: { id: string; sent_at: Date; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(message.sent_at.getTime() / 1000));
  const signature = createHmac('sha256', Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'))
    .update(`${message.id}.${timestamp}.${message.body}`)
    .digest('base64');
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
