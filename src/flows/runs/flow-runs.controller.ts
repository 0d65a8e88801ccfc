import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import { Audited } from '../../identity/audit/audit.interceptor.js';
import { actorOf, type Principal } from '../../identity/principal.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { lastEventNumber, sendEventStream, type StreamEvent, StreamsEvents } from '../../platform/http/event-stream.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import { ValidationError } from '../../shared/domain-error.js';
import { DeadLettersService, FlowRunsService, type RunView } from './flow-runs.service.js';
import {
  ControlFlowRunDto,
  DeadLetterListDto,
  DecideStepDto,
  DeletedDeadLetterDto,
  FlowRunDto,
  FlowRunListDto,
  FlowRunSummaryDto,
  ListAllFlowRunsQuery,
  ListFlowRunsQuery,
  SignalFlowRunDto,
  StartFlowRunDto,
} from './flow-run.dto.js';
import { FlowsService } from '../flows.service.js';
import { isFinal, type ListedRun, type RunEvent } from './flow-run.js';
import { FlowRunControl } from './flow-run-control.service.js';
import { FlowRunStarts } from './flow-run-starts.service.js';

const SIGNAL_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

@ApiTags('flows')
@Access('viewer')
@Controller()
export class FlowRunsController {
  constructor(
    private readonly flows: FlowsService,
    private readonly runs: FlowRunsService,
    private readonly starts: FlowRunStarts,
    private readonly control: FlowRunControl,
    private readonly deadLetters: DeadLettersService,
  ) {}

  /** 201 when the run has ended within `wait_seconds`, otherwise 202. */
  @Post('flows/:flow_id/runs')
  @Access('developer')
  @TakesBody('message')
  @ApiOperation({
    summary: 'Start a run of a flow',
    operationId: 'startFlowRun',
    description:
      'Validates the input against `input_schema` and starts the run. Returns 201 if the run ends within `wait_seconds`, otherwise 202. `dry_run` performs only reads.',
  })
  @ApiData(FlowRunDto, { status: 201, description: 'The run, which has ended.' })
  @ApiData(FlowRunDto, { status: 202, description: 'The run continues. `Location` is its URL.' })
  @ApiErrors(400, 404, 413, 422)
  async start(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Body() { wait_seconds = 0, ...wish }: StartFlowRunDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FlowRunDto> {
    const started = await this.starts.start({ ...wish, org_id, user_id, flow_id, trigger: { kind: 'api', id: null } });
    const run = await this.runs.wait(started.run, wait_seconds);
    const view = wait_seconds === 0 && started.is_new ? this.runs.begun(run) : this.runs.get(org_id, run.run_id);
    response.location(`/api/v1/flow-runs/${run.run_id}`).status(isFinal(run.status) ? 201 : 202);
    return viewOf(await view);
  }

  /** Newest first. */
  @Get('flows/:flow_id/runs')
  @ApiOperation({
    summary: 'List the runs of a flow',
    operationId: 'listRunsOfFlow',
    description: "Lists the flow's runs. You can filter by status and creation time.",
  })
  @ApiData(FlowRunListDto, { description: 'One page of runs, newest first.' })
  @ApiErrors(400, 404)
  async listOfFlow(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Query() query: ListFlowRunsQuery,
  ): Promise<FlowRunListDto> {
    await this.flows.get(org_id, flow_id);
    return this.page(org_id, { ...query, flow_id });
  }

  /** Newest first. Filters may be combined. */
  @Get('flow-runs')
  @ApiOperation({
    summary: 'List runs of all flows',
    operationId: 'listFlowRuns',
    description: 'Lists runs. You can filter by flow, status and creation time.',
  })
  @ApiData(FlowRunListDto, { description: 'One page of runs, newest first.' })
  @ApiErrors(400)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: ListAllFlowRunsQuery): Promise<FlowRunListDto> {
    return this.page(org_id, query);
  }

  /** With its steps, their attempts and results. */
  @Get('flow-runs/:run_id')
  @ApiOperation({
    summary: 'Get a run',
    operationId: 'getFlowRun',
    description:
      'Returns the run with its steps (attempts, inputs, outputs and errors), cost and the actions available now.',
  })
  @ApiData(FlowRunDto, { description: 'The run.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('run_id') run_id: string): Promise<FlowRunDto> {
    return viewOf(await this.runs.get(org_id, run_id));
  }

  /**
   * What happens in the run, as Server-Sent Events, until it has ended. With `Last-Event-ID` exactly the events after it, from
   * any process. 204 when there is nothing more. Kept for seven days.
   */
  @Get('flow-runs/:run_id/events')
  @StreamsEvents('browsers')
  @ApiOperation({
    summary: "Follow a run's events, or resume a dropped stream",
    operationId: 'followFlowRun',
    description:
      'Server-Sent Events from the start, or after `Last-Event-ID`. Returns 204 if the last event was already received. Events are kept for 7 days.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The number of the last event received.' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'The events.', schema: { type: 'string' } })
  @ApiNoContentResponse({ description: 'The last event was already received.' })
  @ApiErrors(400, 404)
  async follow(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('run_id') run_id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const events = await this.runs.follow(org_id, run_id, lastEventNumber(lastEventId));
    if (events) await sendEventStream(response, streamed(events));
    else response.status(204).end();
  }

  /**
   * `pause` lets attempts under way end and begins nothing else; `resume` goes on. `cancel` ends the run and undoes what it did,
   * unless `compensate` is false. `retry` continues a run that ended without success; completed steps keep their results.
   */
  @Put('flow-runs/:run_id/control')
  @Access('developer')
  @Audited({ action: 'flow_run.controlled', target: 'run_id', details: ['action', 'from_step', 'reason'] })
  @ApiOperation({
    summary: 'Pause, resume, cancel or retry a run',
    operationId: 'controlFlowRun',
    description:
      '`pause` lets running attempts finish and starts no others; `resume` continues. `cancel` ends the run and compensates its steps, unless `compensate` is false. `retry` continues a run that failed, was compensated or cancelled, or timed out, unless it has a concurrency key; completed steps keep their results. `from_step` reruns that step and everything after it.',
  })
  @ApiData(FlowRunDto, { description: 'The run after the change.' })
  @ApiErrors(400, 404, 409)
  async controlRun(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') run_id: string,
    @Body() { action, from_step, reason, compensate = true }: ControlFlowRunDto,
  ): Promise<FlowRunDto> {
    const { org_id } = principal;
    if (from_step !== undefined && action !== 'retry') {
      await this.runs.get(org_id, run_id);
      throw ValidationError.field('from_step', 'can be used only with the action retry');
    }
    if (action === 'pause') await this.control.pause(org_id, run_id);
    else if (action === 'resume') await this.control.resume(org_id, run_id);
    else if (action === 'retry') await this.control.retry(org_id, run_id, from_step);
    else {
      const wish = { reason: reason ?? 'The run was cancelled', compensate, by: actorOf(principal) };
      await this.control.cancel(org_id, run_id, wish);
    }
    return viewOf(await this.runs.get(org_id, run_id));
  }

  /** Wakes a step that waits for the signal. A signal that comes before the step waits is kept for it. */
  @Post('flow-runs/:run_id/signals/:name')
  @Access('developer')
  @TakesBody('message')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a signal to a run',
    operationId: 'signalFlowRun',
    description: 'Wakes the step that waits for this signal. A signal that arrives early is kept for the step.',
  })
  @ApiData(FlowRunSummaryDto, { status: 202, description: 'The run that received the signal.' })
  @ApiErrors(400, 404, 413)
  async signal(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') run_id: string,
    @Param('name') name: string,
    @Body() { data }: SignalFlowRunDto,
  ): Promise<FlowRunSummaryDto> {
    if (!SIGNAL_NAME.test(name))
      throw ValidationError.field('name', 'must be 1 to 100 letters, digits, dots, underscores or hyphens');
    await this.control.signal(principal.org_id, run_id, name, data, actorOf(principal));
    return summaryOf((await this.runs.get(principal.org_id, run_id)).run);
  }

  /** Once for each approval, by a member with one of the roles that it names. Inside a for_each, `step_id` is the step's key. */
  @Post('flow-runs/:run_id/steps/:step_id/decision')
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Decide an approval step',
    operationId: 'decideFlowStep',
    description:
      'Approves or refuses an approval step. Each step can be decided once, by a caller with one of the roles that the step names. Inside a for_each, `step_id` is the `key` of the step.',
  })
  @ApiData(FlowRunSummaryDto, { description: 'The run, which continues.' })
  @ApiErrors(400, 404, 409)
  async decide(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') run_id: string,
    @Param('step_id') step_id: string,
    @Body() { approve, comment }: DecideStepDto,
  ): Promise<FlowRunSummaryDto> {
    await this.runs.decide(principal, run_id, step_id, { approve, comment: comment ?? null });
    return summaryOf((await this.runs.get(principal.org_id, run_id)).run);
  }

  /** Runs that failed for good, newest first. */
  @Get('flows/:flow_id/dead-letters')
  @ApiOperation({
    summary: "List a flow's dead letters",
    operationId: 'listDeadLetters',
    description:
      'Lists runs that failed after their retries, with their error. `GET /flow-runs/{run_id}` returns the input.',
  })
  @ApiData(DeadLetterListDto, { description: 'One page of dead letters, newest first.' })
  @ApiErrors(400, 404)
  async listDeadLetters(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Query() query: PageQuery,
  ): Promise<DeadLetterListDto> {
    const { items, last_key } = await this.deadLetters.list(org_id, flow_id, query);
    return { dead_letters: items.map(({ org_id: _, ...letter }) => letter), total: items.length, last_key };
  }

  /** Starts a new run of the latest version with the same input, and removes the dead letter. */
  @Post('dead-letters/:dead_letter_id/replay')
  @Access('developer')
  @HttpCode(202)
  @Audited({ action: 'dead_letter.replayed', target: 'dead_letter_id' })
  @ApiOperation({
    summary: 'Replay a dead letter',
    operationId: 'replayDeadLetter',
    description: 'Starts a new run of the latest version with the same input, and removes the dead letter.',
  })
  @ApiData(FlowRunSummaryDto, { status: 202, description: 'The new run.' })
  @ApiErrors(400, 404)
  async replay(
    @CurrentPrincipal() principal: Principal,
    @Param('dead_letter_id') dead_letter_id: string,
  ): Promise<FlowRunSummaryDto> {
    return summaryOf(await this.deadLetters.replay(principal, dead_letter_id));
  }

  /** Gives the failed run up; its record stays. */
  @Delete('dead-letters/:dead_letter_id')
  @Access('developer')
  @Audited({ action: 'dead_letter.deleted', target: 'dead_letter_id' })
  @ApiOperation({
    summary: 'Delete a dead letter',
    operationId: 'deleteDeadLetter',
    description: 'Deletes the dead letter. The run is kept.',
  })
  @ApiData(DeletedDeadLetterDto, { description: 'The deleted dead letter.' })
  @ApiErrors(404)
  async deleteDeadLetter(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('dead_letter_id') dead_letter_id: string,
  ): Promise<DeletedDeadLetterDto> {
    await this.deadLetters.delete(org_id, dead_letter_id);
    return { dead_letter_id, deleted: true };
  }

  private async page(org_id: string, query: ListAllFlowRunsQuery): Promise<FlowRunListDto> {
    const { items, last_key } = await this.runs.list(org_id, query, query);
    return { runs: items.map(summaryOf), total: items.length, last_key };
  }
}

async function* streamed(events: AsyncIterable<RunEvent>): AsyncGenerator<StreamEvent> {
  for await (const { id, type, at, data } of events) yield { id: String(id), event: type, data: { at, ...data } };
}

function summaryOf(run: ListedRun): FlowRunSummaryDto {
  const { run_id, flow_id, flow_version, status, trigger, error, cost_usd, dry_run } = run;
  const { created_at, started_at, ended_at } = run;
  return {
    ...{ run_id, flow_id, flow_version, status, trigger, error: error ?? null, cost_usd, dry_run },
    ...{ created_at, started_at, ended_at },
  };
}

function viewOf({ run, input, output, steps, steps_truncated, legal_actions }: RunView): FlowRunDto {
  const { max_cost_usd, deadline_at } = run;
  return {
    ...{ ...summaryOf(run), input, output, max_cost_usd, deadline_at, steps, steps_truncated, legal_actions },
  };
}
