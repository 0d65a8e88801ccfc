import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { within } from '../async/deadline.js';

const FRESH_MS = 5_000;
const PATIENCE_MS = 1_500;

/** A value that costs something to read: read at most every 5 seconds, by one reader at a time. */
export class Reading<T> {
  private value: T | undefined;
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(private readonly read: () => Promise<T>) {}

  /** Undefined when the read failed or took longer than 1.5 seconds. */
  async latest(): Promise<T | undefined> {
    if (performance.now() - this.readAt < FRESH_MS) return this.value;
    this.reading ??= this.refresh().finally(() => (this.reading = undefined));
    const outcome = await within(PATIENCE_MS, this.reading, 'late' as const);
    return outcome === 'late' ? undefined : this.value;
  }

  private async refresh(): Promise<void> {
    try {
      this.value = await this.read();
    } catch {
      this.value = undefined;
    }
    this.readAt = performance.now();
  }
}

/** One sample of a figure that has labels. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
}

/**
 * Prometheus metrics of this process, and the door by which features add theirs. Label values come from bounded sets (route
 * templates, kinds, outcomes), never from what callers send. Every name is documented in docs/monitoring.md.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** @param buckets upper bounds, ascending, in the unit of the name */
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [this.registry] });
  }

  /** A figure that its owner moves up and down. */
  live(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  /** A gauge whose value can be read at any time. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /**
   * Figures that are read from the database or the disk: at a scrape, at most every 5 seconds, with a short time-out. Unknown
   * values are absent, never zero.
   */
  sampled<T>(
    read: () => Promise<T>,
    figures: { name: string; help: string; labels?: string[]; samples: (value: T) => Sample[] }[],
  ): void {
    const reading = new Reading(read);
    for (const { name, help, labels = [], samples } of figures)
      new Gauge({
        name,
        help,
        labelNames: labels,
        registers: [this.registry],
        async collect() {
          const value = await reading.latest();
          this.reset();
          // A reset leaves a figure without labels at zero.
          if (labels.length === 0) this.remove();
          if (value !== undefined) for (const sample of samples(value)) this.set(sample.labels, sample.value);
        },
      });
  }
}

/** A figure without labels. */
export function figure(value: number): Sample[] {
  return [{ labels: {}, value }];
}
