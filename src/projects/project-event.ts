import type { StageName, SubStageName } from '../stages/stage.js';

export const LOG_LEVELS = ['info', 'warning', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One thing that happened in a build, in order. `done` ends an attempt. */
export type ProjectEventBody =
  | { event: 'stage'; stage_name: StageName; sub_stage_name: SubStageName | null; status: string }
  | { event: 'progress'; progress: number; status: string }
  | { event: 'log'; stage_name: StageName | null; level: LogLevel; message: string }
  | { event: 'done'; status: string; error_info: unknown };

/** An event as it is stored: numbered from 1 without gaps within its project. */
export type ProjectEvent = ProjectEventBody & { seq: number; attempt: number; timestamp: string };

/** Logs are bounded so that an event item stays far below the 400 KB of an item. */
export const LOG_MESSAGE_LENGTH = 4_000;
