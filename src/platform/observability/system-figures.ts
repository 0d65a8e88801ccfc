import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { freemem, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SERVER_FAULT = 500;

/** All requests that this process has answered since it started; null before the first. */
interface RequestFigures {
  requests: number;
  /** Per cent of the requests that did not end in a fault of the platform (5xx). */
  success_rate: number | null;
  avg_response_time_ms: number | null;
}

/** Sums up what the metrics count by route. */
@Injectable()
export class RequestTotals {
  constructor(private readonly metrics: Metrics) {}

  async read(): Promise<RequestFigures> {
    const durations = await this.metrics.registry.getSingleMetric('http_request_duration_seconds')?.get();
    let [requests, seconds, faults] = [0, 0, 0];
    for (const { labels, value, ...sample } of durations?.values ?? []) {
      const name = 'metricName' in sample ? sample.metricName : undefined;
      if (name === 'http_request_duration_seconds_sum') seconds += value;
      if (name !== 'http_request_duration_seconds_count') continue;
      requests += value;
      if (Number(labels['status']) >= SERVER_FAULT) faults += value;
    }
    if (requests === 0) return { requests, success_rate: null, avg_response_time_ms: null };
    return {
      requests,
      success_rate: toTwoDecimals((1 - faults / requests) * 100),
      avg_response_time_ms: toTwoDecimals((seconds / requests) * 1000),
    };
  }
}

function toTwoDecimals(value: number): number {
  return Math.round(value * 100) / 100;
}

export interface SystemFigures {
  cpu_percent: number;
  memory_percent: number;
  process_memory_mb: number;
  uptime_seconds: number;
  event_loop_lag_ms: number;
}

const SAMPLE_MS = 5_000;
const NANOSECONDS_PER_MS = 1e6;
const LAG_RESOLUTION_MS = 10;

/** What this process takes of its machine, measured over the last five seconds. */
@Injectable()
export class SystemFiguresService implements OnModuleDestroy {
  private readonly lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  private sample = { usage: process.cpuUsage(), at: process.hrtime.bigint(), percent: 0 };
  private readonly timer: NodeJS.Timeout;

  constructor() {
    this.lag.enable();
    this.timer = setInterval(() => {
      this.take();
      this.lag.reset();
    }, SAMPLE_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.lag.disable();
  }

  /** CPU is of one core: two busy cores are 200 %. Lag is the mean delay of the event loop beyond its own resolution. */
  read(): SystemFigures {
    const mean = this.lag.mean / NANOSECONDS_PER_MS - LAG_RESOLUTION_MS;
    return {
      cpu_percent: this.sample.percent || this.take(),
      memory_percent: rounded((1 - freemem() / totalmem()) * 100),
      process_memory_mb: rounded(process.memoryUsage.rss() / 1024 / 1024),
      uptime_seconds: Math.floor(process.uptime()),
      event_loop_lag_ms: Number.isFinite(mean) ? rounded(Math.max(0, mean)) : 0,
    };
  }

  private take(): number {
    const at = process.hrtime.bigint();
    const used = process.cpuUsage(this.sample.usage);
    const elapsedMicroseconds = Number(at - this.sample.at) / 1000;
    const percent = elapsedMicroseconds > 0 ? rounded(((used.user + used.system) / elapsedMicroseconds) * 100) : 0;
    this.sample = { usage: process.cpuUsage(), at, percent };
    return percent;
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
