import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Matches, MaxLength } from 'class-validator';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { StreamTickets, TICKET_SECONDS } from './stream-tickets.service.js';

export class CreateStreamTicketDto {
  /**
   * The path of the event stream, without a query.
   * @example /api/v1/invocations/inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R/events
   */
  @MaxLength(1000)
  @Matches(/^\/(?![/\\])[^?#\s\\]*$/, {
    message: 'path must be a path of this platform that begins with "/", without a query',
  })
  path: string;
}

export class StreamTicketDto {
  /** @example nxe_dGhlIHNlY3JldCBvZiBhIHNpbmdsZSBldmVudCBzdHJlYW0 */
  ticket: string;

  /**
   * Open it with `new EventSource(url)`.
   * @example /api/v1/invocations/inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R/events?ticket=nxe_dGhlIHNlY3JldCBvZiBhIHNpbmdsZSBldmVudCBzdHJlYW0
   */
  url: string;

  /**
   * Seconds that the ticket is valid.
   * @example 60
   */
  expires_in: number;

  /** @example '2026-11-20T10:01:00.000Z' */
  expires_at: string;
}

@ApiTags('sign-in')
@Controller('stream-tickets')
export class StreamTicketsController {
  constructor(private readonly tickets: StreamTickets) {}

  /**
   * `EventSource` cannot send headers. A ticket opens one event stream once, within 60 seconds, as the caller: whether the caller may
   * read it is decided when it is opened. A reconnect needs another ticket and continues with `?last_event_id=`.
   */
  @Post()
  @Access('viewer')
  @SecretAnswer()
  @ApiOperation({ summary: 'Get a ticket for an event stream', operationId: 'createStreamTicket' })
  @ApiData(StreamTicketDto, { status: 201, description: 'The ticket. It is shown once.' })
  @ApiErrors(400)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() { path }: CreateStreamTicketDto,
  ): Promise<StreamTicketDto> {
    const { ticket, expires_at } = await this.tickets.issue(principal, path);
    return { ticket, url: `${path}?ticket=${ticket}`, expires_in: TICKET_SECONDS, expires_at };
  }
}
