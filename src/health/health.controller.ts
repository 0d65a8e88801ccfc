import { Controller, Get, Header, HttpStatus } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiData, ErrorEnvelope } from '../platform/http/api-docs.js';
import { Bare } from '../platform/http/envelope.interceptor.js';
import { Public } from '../platform/http/route.decorators.js';
import { Metrics } from '../platform/observability/metrics.js';
import { SystemFiguresService } from '../platform/observability/system-figures.js';
import { Clock } from '../shared/clock.js';
import { VERSION } from '../shared/version.js';
import { DetailedHealthDto, HealthDto, ProbeDto } from './dto/health.dto.js';
import type { HealthCheckDto, HealthChecksDto } from './dto/health.dto.js';
import { Checks, type CheckResult } from './checks.service.js';

@ApiTags('health')
@Public()
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: Checks,
    private readonly figures: SystemFiguresService,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /** 200 while the process runs. */
  @Get()
  @ApiOperation({
    summary: 'Check whether the process is up',
    operationId: 'getHealth',
    description: 'Returns 200 while the process is running. Does not check the database. No authentication required.',
  })
  @ApiData(HealthDto, { description: 'The process is up.' })
  health(): HealthDto {
    return { status: 'healthy', version: VERSION, timestamp: this.clock.timestamp() };
  }

  /** For liveness probes: 200 while the process runs. It asks no database, so a dead database does not restart the process. */
  @Get('live')
  @ApiOperation({
    summary: 'Liveness probe',
    operationId: 'getLiveness',
    description:
      'For container orchestrators: restart the process if this does not respond. Does not check the database.',
  })
  @ApiData(ProbeDto, { description: 'The process is alive.' })
  live(): ProbeDto {
    return { status: 'alive', timestamp: this.clock.timestamp() };
  }

  /** For readiness probes: 503 with the failing check while the database does not answer, tables are missing or the process shuts down. */
  @Get('ready')
  @ApiOperation({
    summary: 'Readiness probe',
    operationId: 'getReadiness',
    description:
      'For load balancers: returns 503 while the process is starting or stopping, or cannot use its database or the engine for durable runs.',
  })
  @ApiData(ProbeDto, { description: 'The process can serve requests.' })
  @ApiResponse({
    status: HttpStatus.SERVICE_UNAVAILABLE,
    type: ErrorEnvelope,
    description: 'details.checks names the failing checks.',
  })
  async ready(): Promise<ProbeDto> {
    await this.checks.assertReady();
    return { status: 'ready', timestamp: this.clock.timestamp() };
  }

  /** Every check and the resource usage of the process. Answers 200 even when degraded; read `status`. */
  @Get('detailed')
  @ApiOperation({
    summary: 'Get all checks and process metrics',
    operationId: 'getDetailedHealth',
    description:
      'Returns the status of each check with a message, and process metrics. Returns 200 even if a check fails. No authentication required.',
  })
  @ApiData(DetailedHealthDto, { description: 'Checks and process metrics.' })
  async detailed(): Promise<DetailedHealthDto> {
    const results = await this.checks.run('detailed');
    const isDegraded = results.some(({ finding }) => finding?.state !== 'healthy');
    return {
      status: isDegraded ? 'degraded' : 'healthy',
      version: VERSION,
      timestamp: this.clock.timestamp(),
      checks: Object.fromEntries(results.map(detailOf)) as unknown as HealthChecksDto,
      system: this.figures.read(),
    };
  }

  /** Prometheus text format. */
  @Get('metrics')
  @Bare()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    summary: 'Get Prometheus metrics',
    operationId: 'getMetrics',
    description: 'For Prometheus. docs/monitoring.md describes each metric.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'Metrics in Prometheus text format.', schema: { type: 'string' } })
  prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}

function detailOf({ check, finding, failure }: CheckResult): [string, HealthCheckDto] {
  const status = finding?.label ?? (finding?.state === 'healthy' ? 'healthy' : 'unhealthy');
  return [check.name, { status, message: finding?.message ?? failure }];
}
