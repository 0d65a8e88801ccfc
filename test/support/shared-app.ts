import { Settings } from '../../src/platform/config/settings.js';
import type { AgentRuntime } from '../../src/runtimes/agent-runtime.js';
import { startApp, type TestApp } from './app.js';
import { leftovers } from './leftovers.js';

const settingsOf = ({ app }: TestApp): Settings => app.get(Settings, { strict: false });

/** A second platform on the database of another: like another process, they share nothing else. */
export function startBeside(
  first: TestApp,
  runtime: AgentRuntime | undefined,
  overrides: Record<string, string> = {},
): Promise<TestApp> {
  const settings = settingsOf(first);
  const shared = {
    DYNAMODB_ENDPOINT: settings.get('DYNAMODB_ENDPOINT') ?? '',
    NEXUS_TABLE_PREFIX: settings.get('NEXUS_TABLE_PREFIX'),
  };
  return startApp({ ...shared, ...overrides }, runtime);
}

/** Records of every table that hold one of the ids. */
export function leftoversOf(app: TestApp, ids: string[]): Promise<Record<string, unknown[]>> {
  const settings = settingsOf(app);
  return leftovers(settings.get('DYNAMODB_ENDPOINT') ?? '', settings.get('NEXUS_TABLE_PREFIX'), ids);
}
