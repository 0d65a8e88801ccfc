import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import type { Principal } from '../principal.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import { StreamTicketsRepository } from './stream-tickets.repository.js';

const TICKET_PREFIX = 'nxe_';
export const TICKET_SECONDS = 60;

/** Tickets that open one event stream for a principal who cannot send headers. */
@Injectable()
export class StreamTickets {
  constructor(
    private readonly repository: StreamTicketsRepository,
    private readonly clock: Clock,
  ) {}

  async issue(principal: Principal, path: string): Promise<{ ticket: string; expires_at: string }> {
    const { org_id, user_id, via, token_id, is_operator } = principal;
    const ticket = newSecret(TICKET_PREFIX);
    const expires_at = this.seconds() + TICKET_SECONDS;
    await this.repository.create(secretHash(ticket), {
      org_id,
      user_id,
      via,
      ...(token_id === undefined ? {} : { token_id }),
      ...(is_operator ? { is_operator } : {}),
      path: pathOf(path),
      expires_at,
    });
    return { ticket, expires_at: new Date(expires_at * 1000).toISOString() };
  }

  /**
   * Uses a ticket up. Whether its principal still has access is the caller's to check.
   * @throws UnauthenticatedError when the ticket is unknown, used, expired or for another path
   */
  async redeem(ticket: string, path: string): Promise<Principal> {
    const found = await this.repository.take(secretHash(ticket), pathOf(path), this.seconds());
    if (!found)
      throw new UnauthenticatedError('The ticket is not valid for this stream', {
        suggestion: `Get a new one with POST /api/v1/stream-tickets. It is valid once, for ${TICKET_SECONDS} seconds and one path.`,
      });
    const { org_id, user_id, via, token_id, is_operator } = found;
    return {
      org_id,
      user_id,
      via,
      roles: [],
      ...(token_id === undefined ? {} : { token_id }),
      ...(is_operator ? { is_operator } : {}),
    };
  }

  private seconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}

/** Browsers write a path in one way: both sides are compared in that form. */
const pathOf = (path: string): string => new URL(path, 'http://localhost').pathname;
