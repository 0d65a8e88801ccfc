import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseProbe } from '../../../platform/dynamodb/database-probe.js';

const SAMPLE_MS = 10_000;
const PATIENCE_MS = 1_000;

/** How much of the time since its start this process could serve: whether the database answered, asked every ten seconds. */
@Injectable()
export class AvailabilityService implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private samples = 0;
  private available = 0;

  constructor(private readonly database: DatabaseProbe) {}

  onApplicationBootstrap(): void {
    void this.sample();
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Two decimals; null before the first sample. */
  get percent(): number | null {
    return this.samples === 0 ? null : Math.round((this.available / this.samples) * 10_000) / 100;
  }

  private async sample(): Promise<void> {
    const answered = await this.database.ping(PATIENCE_MS).then(
      () => 1,
      () => 0,
    );
    this.samples += 1;
    this.available += answered;
  }
}
