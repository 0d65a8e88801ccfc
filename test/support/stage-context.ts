import type { StepArtifact, StepContext } from '../../src/builds/step/step.js';

export interface RecordingContext extends StepContext {
  artifacts: Map<string, string>;
  logs: { level: string; message: string }[];
  keep(artifacts: readonly StepArtifact[]): void;
}

/** A context as the build engine gives it, which keeps what is logged and stored. */
export function stageContext(requirement: string, overrides: Partial<StepContext> = {}): RecordingContext {
  const artifacts = new Map<string, string>();
  const logs: { level: string; message: string }[] = [];
  return {
    org_id: 'org_test',
    user_id: 'user_test',
    project_id: 'proj_01TEST',
    build_id: 'bld_01TEST',
    project_name: 'Test project',
    requirement,
    tags: ['test'],
    priority: 3,
    model_id: null,
    accept_unproven: false,
    signal: new AbortController().signal,
    log: (level, message) => logs.push({ level, message }),
    ...overrides,
    artifacts,
    logs,
    keep: (stored) => stored.forEach(({ path, content }) => artifacts.set(path, content)),
  };
}
