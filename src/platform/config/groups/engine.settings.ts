import { z } from 'zod';
import { integer } from '../setting-kinds.js';

/** Durable execution: builds, background runs and whatever else outlives a request. */
export const engineSettings = {
  ENGINE: z.enum(['embedded', 'temporal']).default('embedded'),
  ENGINE_LEASE_SECONDS: integer(30, 1, 3600),
  ENGINE_HEARTBEAT_SECONDS: integer(10, 1, 600),
  ENGINE_REAPER_SECONDS: integer(15, 1, 600),
};

/** Names of version 1.0.0. They are still read; the new name wins. */
export const ENGINE_SETTING_ALIASES: Readonly<Record<string, string>> = {
  BUILD_ENGINE: 'ENGINE',
  BUILD_LEASE_SECONDS: 'ENGINE_LEASE_SECONDS',
  BUILD_HEARTBEAT_SECONDS: 'ENGINE_HEARTBEAT_SECONDS',
  BUILD_REAPER_SECONDS: 'ENGINE_REAPER_SECONDS',
};

type EngineSettings = Record<'ENGINE_LEASE_SECONDS' | 'ENGINE_HEARTBEAT_SECONDS', number> & { ENGINE: string };

export function engineProblems(values: EngineSettings): string[] {
  return [
    ...(values.ENGINE === 'temporal'
      ? ['ENGINE: this version has no Temporal engine; remove the setting or use ENGINE=embedded']
      : []),
    ...(values.ENGINE_HEARTBEAT_SECONDS * 2 > values.ENGINE_LEASE_SECONDS
      ? ['ENGINE_HEARTBEAT_SECONDS: at most half of ENGINE_LEASE_SECONDS, so that one late beat does not lose a run']
      : []),
  ];
}
