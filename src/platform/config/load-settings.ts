import { config } from 'dotenv';
import {
  ENGINE_SETTING_ALIASES,
  engineProblems,
  lifecycleProblems,
  modelProblems,
  type Settings as SettingsRecord,
  settingsSchema,
  oauthProblems,
} from './settings-schema.js';
import { secretValues } from '../../shared/secret-values.js';
import { Settings } from './settings.js';

const MINIMUM_SECRET_LENGTH = 32;
const MINIMUM_SECRET_BITS = 64;
const SAFE_BCRYPT_ROUNDS = 12;
/** Two looks of a readiness probe every five seconds. */
const PRODUCTION_DRAIN_SECONDS = 10;

/** The settings are wrong; `problems` lists every fault, so that one start shows them all. */
export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/** The agent server has no database and no sign-in, so the platform's settings for them are not required. */
type Program = 'platform' | 'agent-server';

/** Reads `.env` and the environment, which takes precedence. @throws SettingsError */
export function loadSettings(overrides: Record<string, string> = {}, program: Program = 'platform'): Settings {
  config({ quiet: true });
  return parseSettings({ ...process.env, ...overrides }, program);
}

/** Empty strings count as unset: compose files pass them for unset variables. */
export function parseSettings(
  environment: Record<string, string | undefined>,
  program: Program = 'platform',
): Settings {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  for (const [alias, name] of Object.entries(ENGINE_SETTING_ALIASES))
    if (present[alias] !== undefined) present[name] ??= present[alias];
  const parsed = settingsSchema().safeParse(present);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (!parsed.success) throw new SettingsError(problems);
  const isProduction = parsed.data.ENVIRONMENT === 'production';
  const values: SettingsRecord = {
    ...parsed.data,
    API_HOST: parsed.data.API_HOST ?? (isProduction ? '0.0.0.0' : '127.0.0.1'),
    NEXUS_DATABASE:
      parsed.data.NEXUS_DATABASE ?? (isProduction || parsed.data.DYNAMODB_ENDPOINT ? 'dynamodb' : 'embedded'),
    SHUTDOWN_DRAIN_SECONDS: parsed.data.SHUTDOWN_DRAIN_SECONDS ?? (isProduction ? PRODUCTION_DRAIN_SECONDS : 0),
  };
  problems.push(
    ...engineProblems(values),
    ...(program === 'platform' ? lifecycleProblems(values) : []),
    ...agentCoreProblems(values),
    ...modelProblems(values),
    ...passwordProblems(values),
    ...oauthProblems(values),
    ...(program === 'platform' ? registrationProblems(values) : []),
    ...(isProduction && program === 'platform' ? productionProblems(values) : []),
  );
  if (problems.length > 0) throw new SettingsError(problems);
  secretValues.addSettings(secretsOf(present));
  return new Settings(Object.freeze(values));
}

/** Names of settings, and of what libraries read from the environment, whose values are secrets. */
const SECRET_NAME = /(^|_)(SECRET|PASSWORD|PASSPHRASE|TOKEN|KEYS?|CREDENTIALS?)(_|$)/;
const NO_SECRET_NAME = /_(ID|FILE|URL|URI|HEADERS?|SECONDS|ROUNDS|MINUTE)$/;

function secretsOf(environment: Record<string, string | undefined>): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    const password = URL.canParse(value) ? new URL(value).password : '';
    const isSecret = SECRET_NAME.test(name) && !NO_SECRET_NAME.test(name);
    return [
      ...(password === '' ? [] : [password, decodedOr(password)]),
      // A list of keys: an echo repeats one key, not the list.
      ...(isSecret ? [value, ...value.split(',').map((part) => part.trim())] : []),
    ];
  });
}

function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function passwordProblems(values: SettingsRecord): string[] {
  return values.NEXUS_BCRYPT_ROUNDS < SAFE_BCRYPT_ROUNDS && values.ENVIRONMENT !== 'test'
    ? [`NEXUS_BCRYPT_ROUNDS: fewer than ${SAFE_BCRYPT_ROUNDS} rounds are allowed only with ENVIRONMENT=test`]
    : [];
}

function registrationProblems(values: SettingsRecord): string[] {
  return values.NEXUS_ALLOW_REGISTRATION && values.SMTP_URL === undefined && values.ENVIRONMENT !== 'development'
    ? ['NEXUS_ALLOW_REGISTRATION: needs SMTP_URL, because registrations are confirmed by email']
    : [];
}

function agentCoreProblems(values: SettingsRecord): string[] {
  if (values.AGENT_RUNTIME !== 'agentcore') return [];
  const needed = ['AGENTCORE_CONTAINER_URI', 'AGENTCORE_ROLE_ARN'] as const;
  return needed
    .filter((name) => values[name] === undefined)
    .map((name) => `${name}: required by AGENT_RUNTIME=agentcore`);
}

function productionProblems(values: SettingsRecord): string[] {
  const problems: string[] = [];
  if (values.NEXUS_DATABASE === 'embedded')
    problems.push('NEXUS_DATABASE: production needs "dynamodb"; the embedded database serves a single machine');
  const secret = values.JWT_SECRET_KEY ?? '';
  if (secret.length < MINIMUM_SECRET_LENGTH)
    problems.push(
      `JWT_SECRET_KEY: production needs a secret of at least ${MINIMUM_SECRET_LENGTH} characters, e.g. from: openssl rand -base64 48`,
    );
  else if (secretStrengthBits(secret) < MINIMUM_SECRET_BITS)
    problems.push(
      'JWT_SECRET_KEY: is easy to guess (repeated characters, sequences or words); generate a random one with: openssl rand -base64 48',
    );
  if (values.ALLOWED_ORIGINS.includes('*'))
    problems.push('ALLOWED_ORIGINS: a wildcard is not allowed in production; list the origins');
  if (values.SMTP_URL !== undefined && values.MAIL_FROM.includes('@localhost'))
    problems.push('MAIL_FROM: production with SMTP_URL needs the sender address');
  return problems;
}

const LONGEST = 512;
/** English text carries about this much a letter. */
const BITS_OF_A_LETTER_IN_A_WORD = 1.5;
const SHARE_OF_A_SENTENCE = 0.75;
const WORD = /[A-Z]?[a-z]{2,}|[A-Z]{4,}/g;

/**
 * Estimates, conservatively, how many bits of a secret an attacker has to guess. Repeated pieces count once,
 * sequences such as `abcd` or `4321` and letters in words count little; the rest counts by how evenly its characters are spread.
 */
export function secretStrengthBits(secret: string): number {
  const text = withoutRepeats(secret.slice(0, LONGEST));
  const inWords = [...text.matchAll(WORD)].reduce((sum, [word]) => sum + word.length, 0);
  // Random text holds pieces that look like words, too: about four characters in ten.
  if (inWords < text.length * SHARE_OF_A_SENTENCE) return bitsOf(withoutSequences(text));
  return inWords * BITS_OF_A_LETTER_IN_A_WORD + bitsOf(withoutSequences(text.replaceAll(WORD, '')));
}

/** Drops every piece of four characters that occurred before, and runs of one character. */
function withoutRepeats(text: string): string {
  const seen = new Set<string>();
  let kept = '';
  for (let at = 0; at < text.length; at++) {
    const piece = text.slice(at, at + 4).toLowerCase();
    const isRepeat = piece.length === 4 && seen.has(piece);
    seen.add(piece);
    if (isRepeat) at += 3;
    else if (text[at] !== text[at - 1]) kept += text[at] ?? '';
  }
  return kept;
}

/** Drops characters that continue a step of one up or down. */
function withoutSequences(text: string): string {
  let kept = '';
  for (let at = 0; at < text.length; at++) {
    const [first, second, third] = [at - 2, at - 1, at].map((index) => text.charCodeAt(index));
    const step = (second ?? 0) - (first ?? 0);
    if (at >= 2 && Math.abs(step) === 1 && (third ?? 0) - (second ?? 0) === step) continue;
    kept += text[at] ?? '';
  }
  return kept;
}

/** Shannon's entropy of the characters, times their number. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - count * Math.log2(count / text.length), 0);
}
