import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics.js';

const SERVER_FAULT = 500;

/** All requests that this process has answered since it started; null before the first. */
export interface RequestFigures {
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
      success_rate: rounded((1 - faults / requests) * 100),
      avg_response_time_ms: rounded((seconds / requests) * 1000),
    };
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
