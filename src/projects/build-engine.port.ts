import type { Write } from '../platform/database/unit-of-work.js';
import type { Project } from './project.js';

/** What the engine wants stored together with a project that is to be built. */
export interface BuildPlan {
  /** `building` when a slot is free here and now, `pending` when the build has to wait for one. */
  status: 'pending' | 'building';
  items: Write[];
  /** Call after the transaction was committed: the build may begin. */
  started(project: Project): void;
  /** Call when the transaction was not committed: gives the slot back. */
  abandoned(): void;
}

/**
 * Runs builds. Declared here and implemented in `builds/`, so that projects do not know whether builds run in this process
 * or on Temporal. Whatever an engine needs to know of a new build is stored in the project's own transaction: a crash
 * between the two cannot leave a project without a build.
 */
export abstract class BuildEngine {
  /** A new attempt (create, restart) or a paused one that goes on (resume). `project` is the project as it will be stored. */
  abstract plan(project: Project): BuildPlan;
  /** Items that end the engine's interest in a build, stored with the project that was stopped or is being deleted. */
  abstract cancellation(project: Project, at: string): Write[];
  /** Items for a build that was paused while it waited for a slot. */
  abstract suspension(project: Project): Write[];
  /** After a stop or deletion was stored: a step that runs in this process is interrupted at once. */
  abstract interrupt(project: Project): void;
}

/** What engines have stored of a project's builds. A port of its own: deleting needs no engine that runs. */
export abstract class BuildRecords {
  /** Safe to repeat after a crash. */
  abstract deleteByProject(project_id: string): Promise<void>;
}
