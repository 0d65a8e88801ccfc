import type { Settings as SettingsRecord } from './settings-schema.js';

/** Typed settings of the running process: validated once at start, immutable afterwards. Inject this class; never read the environment. */
export class Settings {
  constructor(readonly values: Readonly<SettingsRecord>) {}

  get<K extends keyof SettingsRecord>(key: K): SettingsRecord[K] {
    return this.values[key];
  }

  get isProduction(): boolean {
    return this.values.ENVIRONMENT === 'production';
  }
}
