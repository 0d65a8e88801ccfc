declare module 'pino-roll' {
  import type { DestinationStream } from 'pino';

  /** What of its options the platform uses; the package has no types of its own. */
  interface RollOptions {
    file: string;
    size?: string;
    frequency?: 'daily' | 'hourly';
    mkdir?: boolean;
    limit?: { count: number };
  }

  export default function roll(options: RollOptions): Promise<DestinationStream & { flushSync(): void; end(): void }>;
}
