import { Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../../identity/access.decorator.js';
import type { Principal } from '../../identity/principal.js';
import { CurrentPrincipal } from '../../identity/principal.decorator.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { sendEventStream, StreamsEvents } from '../../platform/http/event-stream.js';
import { ValidationError } from '../../shared/domain-error.js';
import { RunStateDto } from '../dto/invocation.dto.js';
import { runState } from '../invocation-view.js';
import { RunCancellation } from './run-cancellation.service.js';
import { RunEvents } from './run-events.service.js';

const POSITION = /^\d{1,9}$/;

/** Following and stopping runs that have begun. */
@ApiTags('invocations')
@Controller('invocations/:invocation_id')
export class RunControlController {
  constructor(
    private readonly events: RunEvents,
    private readonly cancellation: RunCancellation,
  ) {}

  /**
   * Every event of a streamed or a background run, and those to come, as Server-Sent Events, until `done` or `error`. With
   * `Last-Event-ID` exactly the ones after it, from any process. 204 when there is nothing more. Kept 24 hours; later, and for
   * a run that was neither streamed nor in the background, only its last event.
   */
  @Get('events')
  @Access('viewer')
  @StreamsEvents('everyone')
  @ApiOperation({ summary: "Follow a run's events, or resume a dropped stream", operationId: 'followInvocation' })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The number of the last event received.' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'The events.', schema: { type: 'string' } })
  @ApiErrors(400, 404)
  async follow(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('invocation_id') invocation_id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    if (lastEventId && !POSITION.test(lastEventId))
      throw ValidationError.field('Last-Event-ID', 'must be the number of an event');
    const events = await this.events.follow(org_id, invocation_id, Number(lastEventId || 0));
    if (events) await sendEventStream(response, events);
    else response.status(204).end();
  }

  /**
   * Asks a streamed or background run to stop, whichever process runs it. It ends as failed with the reason `cancelled`,
   * within about a second. Safe to repeat.
   */
  @Post('cancel')
  @Access('developer')
  @HttpCode(202)
  @ApiOperation({ summary: 'Cancel a run', operationId: 'cancelInvocation' })
  @ApiData(RunStateDto, { status: 202, description: 'The run, which is about to stop or has been cancelled.' })
  @ApiErrors(400, 404)
  async cancel(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('invocation_id') invocation_id: string,
  ): Promise<RunStateDto> {
    return runState(await this.cancellation.cancel(org_id, invocation_id));
  }
}
