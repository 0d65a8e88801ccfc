import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { CreateStreamTicketDto, StreamTicketDto } from './dto/auth.dto.js';
import { StreamTickets, TICKET_SECONDS } from './stream-tickets.service.js';

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
  @ApiOperation({
    summary: 'Get a ticket for an event stream',
    operationId: 'createStreamTicket',
    description:
      'For `EventSource`, which cannot send headers. The ticket opens the named event stream as `?ticket=…`, once, within 60 seconds.',
  })
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
