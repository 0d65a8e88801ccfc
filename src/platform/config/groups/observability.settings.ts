import { z } from 'zod';
import { flag, integer, optionalFlag } from '../setting-kinds.js';

/** A number with k, m or g, as pino-roll reads it. */
const fileSize = z.string().regex(/^[1-9]\d*[kmg]$/i, 'must be a number with k, m or g, e.g. 50m');

/** What the platform says of itself: logs and traces. Metrics are always on. */
export const observabilitySettings = {
  /** Undefined: pretty on a terminal in development, JSON lines elsewhere. */
  LOG_FORMAT: z.enum(['json', 'pretty']).optional(),
  /** The level of the one line per request; `silent` writes none. */
  LOG_ACCESS_LEVEL: z.enum(['trace', 'debug', 'info', 'silent']).default('info'),
  /** Lines go there as well; a number is put before the extension, so `nexus.log` becomes `nexus.1.log`. */
  LOG_FILE: z.string().min(1).optional(),
  LOG_FILE_MAX_SIZE: fileSize.default('50m'),
  LOG_FILE_FREQUENCY: z.enum(['daily', 'hourly']).optional(),
  /** Rotated files that are kept besides the one that is written. */
  LOG_FILE_KEEP: integer(10, 1, 1000),
  /** Undefined: on where an OTLP endpoint is set. */
  NEXUS_TRACING: optionalFlag,
  /** Puts prompts, answers, tool arguments and results into spans. */
  NEXUS_TRACE_CONTENT: flag(false),
  /** Base address of the OTLP/HTTP receiver; spans go to `/v1/traces` below it. The SDK reads the other OTEL_* names itself. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_SERVICE_NAME: z.string().min(1).default('nexus'),
};
