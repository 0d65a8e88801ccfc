import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { invokeResult } from '../../invocations/invocation-view.js';
import { Approvals } from '../../invocations/approvals.service.js';
import { InvocationsService } from '../../invocations/invocations.service.js';
import { RunEvents } from '../../invocations/run-events.service.js';
import { RunStreams } from '../../invocations/run-streams.service.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { callerSignal, sendEventStream, StreamsEvents } from '../../platform/http/event-stream.js';
import { read } from '../openai/openai-body.js';
import { ApiZodBody } from '../openai/openai-docs.js';
import { askedRun, protocolEvents, resumptionOf, runError, runInputSchema } from './ag-ui.js';

/** The Agent-User Interaction protocol. */
@ApiTags('invocations')
@Bare()
@Controller('ag-ui/agents/:agent_id')
export class AgUiController {
  constructor(
    private readonly approvals: Approvals,
    private readonly events: RunEvents,
    private readonly invocations: InvocationsService,
    private readonly streams: RunStreams,
  ) {}

  /**
   * Runs the agent with the conversation in `messages`; a `threadId` that is a session continues that session instead. Refusals before the
   * run starts are ordinary errors. Closing the connection stops the run. `resume` decides tool calls that wait for approval, and
   * continues their run.
   */
  @Post()
  @Access('developer')
  @TakesBody('conversation')
  @StreamsEvents('everyone')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Run an agent with AG-UI',
    operationId: 'runAgentWithAgUi',
    description:
      'Runs the agent for a chat front end that speaks AG-UI. If `threadId` is the id of a session, that session continues. Closing the connection stops the run.',
  })
  @ApiZodBody(runInputSchema)
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'Events of AG-UI.', schema: { type: 'string' } })
  @ApiErrors(400, 404, 409, 413, 415, 422)
  async run(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: unknown,
    @Res() response: Response,
  ): Promise<void> {
    const { org_id, user_id } = principal;
    const input = read(runInputSchema, body);
    const resumption = resumptionOf(input);
    if (resumption) {
      const run = await this.approvals.decideAll(principal, { agent_id, ...resumption });
      const events = await this.events.followPresent(run);
      await sendEventStream(response, protocolEvents(input, events), runError);
      return;
    }
    const asked = { ...askedRun(input), org_id, user_id, agent_id, signal: callerSignal(response) };
    const events = await this.streams.open(
      org_id,
      (live) => this.invocations.invoke({ ...asked, live }),
      (invocation) => invokeResult(invocation, false),
    );
    await sendEventStream(response, protocolEvents(input, events), runError);
  }
}
