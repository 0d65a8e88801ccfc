import { Controller, Get, Header, HttpStatus } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiData, ErrorEnvelope } from '../platform/http/api-docs.js';
import { Bare } from '../platform/http/envelope.interceptor.js';
import { Public } from '../platform/http/public.decorator.js';
import { Metrics } from '../platform/observability/metrics.js';
import { SystemFiguresService } from '../platform/observability/system-figures.js';
import { Clock } from '../shared/clock.js';
import { DetailedHealthDto, HealthDto, ProbeDto } from './dto/health.dto.js';
import { HealthChecksService } from './health-checks.service.js';
import { ReadinessProbe } from './readiness-probe.js';
import { VERSION } from './version.js';

@ApiTags('health')
@Public()
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: HealthChecksService,
    private readonly probes: ReadinessProbe,
    private readonly figures: SystemFiguresService,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /** 200 as long as the process runs. */
  @Get()
  @ApiOperation({ summary: 'Is the process up', operationId: 'getHealth' })
  @ApiData(HealthDto, { description: 'Always healthy.' })
  health(): HealthDto {
    return { status: 'healthy', version: VERSION, timestamp: this.clock.timestamp() };
  }

  /** For liveness probes: asks nothing but the process itself, so a dead database does not restart it. */
  @Get('live')
  @ApiOperation({ summary: 'Liveness probe', operationId: 'getLiveness' })
  @ApiData(ProbeDto, { description: 'The process is alive.' })
  live(): ProbeDto {
    return { status: 'alive', timestamp: this.clock.timestamp() };
  }

  /** For readiness probes: 503 with the failing check while the database is away, tables are missing or the process shuts down. */
  @Get('ready')
  @ApiOperation({ summary: 'Readiness probe', operationId: 'getReadiness' })
  @ApiData(ProbeDto, { description: 'The process can serve requests.' })
  @ApiResponse({
    status: HttpStatus.SERVICE_UNAVAILABLE,
    type: ErrorEnvelope,
    description: 'details.checks names what fails.',
  })
  async ready(): Promise<ProbeDto> {
    await this.probes.assertReady();
    return { status: 'ready', timestamp: this.clock.timestamp() };
  }

  /** Every check and what the process takes of its machine. 200 also when degraded: the status says so. */
  @Get('detailed')
  @ApiOperation({ summary: 'All checks and figures', operationId: 'getDetailedHealth' })
  @ApiData(DetailedHealthDto, { description: 'Checks and figures.' })
  async detailed(): Promise<DetailedHealthDto> {
    const checks = await this.checks.all();
    const isDegraded = Object.values(checks as unknown as Record<string, { status: string }>).some(
      ({ status }) => status === 'unhealthy' || status === 'not_configured',
    );
    return {
      status: isDegraded ? 'degraded' : 'healthy',
      version: VERSION,
      timestamp: this.clock.timestamp(),
      checks,
      system: this.figures.read(),
    };
  }

  /** Prometheus text format. */
  @Get('metrics')
  @Bare()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Prometheus metrics', operationId: 'getMetrics' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'Prometheus text.', schema: { type: 'string' } })
  prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
