import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** From what a keep-alive answer takes to the longest stream that a person waits for, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How many requests there are and how long they take. The route is a template, never a path, so that series stay bounded. */
@Injectable()
export class HttpMetrics {
  private readonly requests;
  private readonly durations;
  private readonly open;

  constructor(metrics: Metrics) {
    const labels = ['method', 'route', 'status'] as const;
    this.requests = metrics.counter(
      'http_requests_total',
      'Requests answered, by method, route template and status.',
      labels,
    );
    this.durations = metrics.histogram(
      'http_request_duration_seconds',
      'Time from request to end of answer, in seconds.',
      labels,
      BUCKETS,
    );
    this.open = metrics.live('http_requests_in_flight', 'Requests that are being answered, streams among them.');
  }

  began(): void {
    this.open.inc();
  }

  ended(method: string, route: string, status: number, seconds: number): void {
    const labels = { method, route, status: String(status) };
    this.open.dec();
    this.requests.inc(labels);
    this.durations.observe(labels, seconds);
  }
}
