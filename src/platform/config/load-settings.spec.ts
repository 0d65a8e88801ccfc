import { parseSettings, SettingsError } from './load-settings.js';

const problemsOf = (environment: Record<string, string>): string[] => {
  try {
    parseSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
};

describe('settings', () => {
  it('are a laptop with the embedded database when nothing is set', () => {
    const { values } = parseSettings({});
    expect(values).toMatchObject({
      ENVIRONMENT: 'development',
      API_HOST: '127.0.0.1',
      API_PORT: 8000,
      NEXUS_DATABASE: 'embedded',
      NEXUS_DATA_DIR: '.nexus',
      LOG_LEVEL: 'info',
      ALLOWED_ORIGINS: [],
      BUILD_SLOTS: 4,
    });
  });

  it('count empty values as not set and use a real database where an endpoint is given', () => {
    const { values } = parseSettings({
      API_PORT: '',
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:8001',
      LOG_LEVEL: 'WARNING',
    });
    expect(values).toMatchObject({ API_PORT: 8000, NEXUS_DATABASE: 'dynamodb', LOG_LEVEL: 'warning' });
  });

  it('name every field that is wrong at once', () => {
    const problems = problemsOf({
      API_PORT: '70000',
      ALLOWED_ORIGINS: 'everyone',
      NEXUS_DATABASE: 'mysql',
      LOG_LEVEL: 'loud',
    });
    expect(problems.map((problem) => problem.split(':', 1)[0]).sort()).toEqual([
      'ALLOWED_ORIGINS',
      'API_PORT',
      'LOG_LEVEL',
      'NEXUS_DATABASE',
    ]);
  });

  it('refuse a production that is not safe, saying all that is wrong', () => {
    const problems = problemsOf({
      ENVIRONMENT: 'production',
      NEXUS_DATABASE: 'embedded',
      JWT_SECRET_KEY: 'short',
      ALLOWED_ORIGINS: '["*"]',
    });
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual([
      'NEXUS_DATABASE',
      'JWT_SECRET_KEY',
      'ALLOWED_ORIGINS',
    ]);
    const { values } = parseSettings({
      ENVIRONMENT: 'production',
      JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
    });
    expect(values).toMatchObject({ API_HOST: '0.0.0.0', NEXUS_DATABASE: 'dynamodb' });
  });

  it('refuse a heartbeat that would lose its lease by being late once', () => {
    expect(problemsOf({ ENGINE_LEASE_SECONDS: '10', ENGINE_HEARTBEAT_SECONDS: '6' })).toHaveLength(1);
  });

  it('read the engine settings under their names of version 1.0.0, unless the new name is set too', () => {
    const { values } = parseSettings({
      BUILD_ENGINE: 'embedded',
      BUILD_LEASE_SECONDS: '40',
      BUILD_HEARTBEAT_SECONDS: '5',
      BUILD_REAPER_SECONDS: '7',
      ENGINE_REAPER_SECONDS: '8',
    });
    expect(values).toMatchObject({
      ENGINE: 'embedded',
      ENGINE_LEASE_SECONDS: 40,
      ENGINE_HEARTBEAT_SECONDS: 5,
      ENGINE_REAPER_SECONDS: 8,
    });
  });

  it('refuse several processes on the embedded database, and drain in production only', () => {
    expect(problemsOf({ WEB_CONCURRENCY: '2' })).toEqual([
      expect.stringMatching(/^WEB_CONCURRENCY: the embedded database/),
    ]);
    expect(problemsOf({ WEB_CONCURRENCY: '2', DYNAMODB_ENDPOINT: 'http://127.0.0.1:8001' })).toEqual([]);
    expect(parseSettings({}).values.SHUTDOWN_DRAIN_SECONDS).toBe(0);
    const production = { ENVIRONMENT: 'production', JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je' };
    expect(parseSettings(production).values.SHUTDOWN_DRAIN_SECONDS).toBe(10);
    expect(parseSettings({ ...production, SHUTDOWN_DRAIN_SECONDS: '2.5' }).values.SHUTDOWN_DRAIN_SECONDS).toBe(2.5);
  });

  it('name a sign-in provider as it writes itself', () => {
    const github = { OAUTH_GITHUB_CLIENT_ID: 'x', OAUTH_GITHUB_CLIENT_SECRET: 'y' };
    expect(problemsOf({ ...github, ENVIRONMENT: 'production' })).toContain(
      'NEXUS_PUBLIC_URL: sign-in through GitHub needs the URL that browsers use',
    );
  });

  it('refuse open registration without mail outside development', () => {
    const open = { NEXUS_ALLOW_REGISTRATION: 'true' };
    const problem = 'NEXUS_ALLOW_REGISTRATION: needs SMTP_URL, because registrations are confirmed by email';
    expect(problemsOf({ ...open, ENVIRONMENT: 'test' })).toEqual([problem]);
    expect(problemsOf({ ...open, ENVIRONMENT: 'production' })).toContain(problem);
    expect(problemsOf({ ...open, ENVIRONMENT: 'development' })).toEqual([]);
    expect(problemsOf({ ...open, ENVIRONMENT: 'test', SMTP_URL: 'smtp://127.0.0.1' })).toEqual([]);
    expect(problemsOf({ ENVIRONMENT: 'test' })).toEqual([]);
  });
});
