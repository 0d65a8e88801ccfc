import { z } from 'zod';
import { buildSettings } from './groups/builds.settings.js';
import { databaseSettings } from './groups/database.settings.js';
import { edgeSettings } from './groups/edge.settings.js';
import { engineSettings } from './groups/engine.settings.js';
import { identitySettings } from './groups/identity.settings.js';
import { lifecycleSettings } from './groups/lifecycle.settings.js';
import { mailSettings } from './groups/mail.settings.js';
import { modelSettings } from './groups/models.settings.js';
import { oauthSettings } from './groups/oauth.settings.js';
import { observabilitySettings } from './groups/observability.settings.js';
import { outgoingSettings } from './groups/outgoing.settings.js';
import { partnershipSettings } from './groups/partnerships.settings.js';
import { runSettings } from './groups/runs.settings.js';
import { runtimeSettings } from './groups/runtimes.settings.js';
import { toolSettings } from './groups/tools.settings.js';
import { integer } from './setting-kinds.js';

/** Every setting of the platform with its bounds and default, by group. `.env.example` lists the same names. */
export const settingsSchema = z.object({
  ENVIRONMENT: z.enum(['development', 'test', 'production']).default('development'),
  API_HOST: z.string().min(1).optional(),
  API_PORT: integer(8000, 0, 65535),
  LOG_LEVEL: z
    .string()
    .default('INFO')
    .transform((level) => level.toLowerCase())
    .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'critical', 'silent'])),
  ...lifecycleSettings,
  ...identitySettings,
  ...oauthSettings,
  ...mailSettings,
  ...edgeSettings,
  ...modelSettings,
  ...databaseSettings,
  ...engineSettings,
  ...buildSettings,
  ...outgoingSettings,
  ...observabilitySettings,
  ...partnershipSettings,
  ...runSettings,
  ...runtimeSettings,
  ...toolSettings,
});

export type Settings = z.infer<typeof settingsSchema> & {
  API_HOST: string;
  NEXUS_DATABASE: 'embedded' | 'dynamodb';
  SHUTDOWN_DRAIN_SECONDS: number;
};
