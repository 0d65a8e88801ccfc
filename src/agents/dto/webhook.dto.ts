import { IsString, Length } from 'class-validator';

export class WebhookDto {
  /**
   * Called by POST when the run has ended: http or https, public.
   * @example https://example.com/hooks/nexus
   */
  @IsString()
  @Length(1, 2_000)
  url: string;
}

/** Telling a webhook how the run ended. */
export class WebhookStateDto {
  /**
   * The header webhook-id of every attempt.
   * @example whk_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  delivery_id: string;

  /**
   * Without its query.
   * @example https://example.com/hooks/nexus
   */
  url: string;

  /**
   * waiting for the run's end, pending, delivered or failed.
   * @example delivered
   */
  status: 'waiting' | 'pending' | 'delivered' | 'failed';

  /** @example 1 */
  attempts: number;

  /**
   * What the address answered last; null when it did not.
   * @example 200
   */
  last_status: number | null;

  /** @example null */
  last_error: string | null;

  /** @example 2026-11-20T10:00:01.000Z */
  delivered_at: string | null;
}

export class WebhookSecretDto {
  /**
   * Verifies `webhook-signature` of every webhook of the organisation, by any Standard Webhooks library.
   * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
   */
  secret: string;
}
