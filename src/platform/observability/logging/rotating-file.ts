import type { DestinationStream } from 'pino';
import type { Settings } from '../../config/settings.js';

export interface RotatingFile extends DestinationStream {
  flushSync(): void;
  end(): void;
}

/**
 * A log file that is rotated by size, and by day or hour where the settings say so. Rotated in this process: pino's worker
 * threads take memory of their own and cannot carry level names. What is buffered is written before the process ends.
 */
export async function rotatingFile(settings: Settings, file: string): Promise<RotatingFile> {
  const { default: roll } = await import('pino-roll');
  const frequency = settings.get('LOG_FILE_FREQUENCY');
  const stream = await roll({
    file,
    mkdir: true,
    size: settings.get('LOG_FILE_MAX_SIZE').toLowerCase(),
    limit: { count: settings.get('LOG_FILE_KEEP') },
    ...(frequency ? { frequency } : {}),
  });
  process.once('exit', () => {
    stream.flushSync();
  });
  return stream;
}
