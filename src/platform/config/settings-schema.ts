import { z } from 'zod';

const flag = (byDefault: boolean) =>
  z
    .enum(['true', 'false', '1', '0'])
    .optional()
    .transform((value) => (value === undefined ? byDefault : value === 'true' || value === '1'));

const integer = (byDefault: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault);

const origins = z
  .string()
  .default('[]')
  .transform((text, context): string[] => {
    try {
      return z.array(z.string()).parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a JSON list of origins, e.g. ["https://console.example.com"]',
      });
      return z.NEVER;
    }
  });

/** Every setting of the platform with its bounds and default. `.env.example` lists the same names. */
export const settingsSchema = z.object({
  ENVIRONMENT: z.enum(['development', 'test', 'production']).default('development'),
  API_HOST: z.string().min(1).optional(),
  API_PORT: integer(8000, 0, 65535),
  LOG_LEVEL: z
    .string()
    .default('INFO')
    .transform((level) => level.toLowerCase())
    .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'critical', 'silent'])),
  ALLOWED_ORIGINS: origins,
  NEXUS_DATABASE: z.enum(['embedded', 'dynamodb']).optional(),
  NEXUS_DATA_DIR: z.string().min(1).default('.nexus'),
  NEXUS_TABLE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.-]*$/, 'may hold letters, digits, _ . and - only')
    .default(''),
  DYNAMODB_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().min(1).default('us-east-1'),
  /** Read by the AWS SDK itself; here only their presence counts. */
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_PROFILE: z.string().optional(),
  JWT_SECRET_KEY: z.string().optional(),
  NEXUS_DEVELOPMENT_PRINCIPAL: flag(false),
  MODEL_PROVIDER: z.enum(['offline']).default('offline'),
  MODEL_ID: z.string().min(1).optional(),
  BUILD_ENGINE: z.enum(['embedded']).default('embedded'),
  BUILD_SLOTS: integer(4, 0, 64),
  BUILD_LEASE_SECONDS: integer(30, 1, 3600),
  BUILD_HEARTBEAT_SECONDS: integer(10, 1, 600),
  BUILD_REAPER_SECONDS: integer(15, 1, 600),
  BUILD_STAGE_PAUSE_MS: integer(0, 0, 60_000),
  REQUEST_TIMEOUT_SECONDS: integer(60, 1, 600),
});

export type Settings = z.infer<typeof settingsSchema> & { API_HOST: string; NEXUS_DATABASE: 'embedded' | 'dynamodb' };
