import { statfs } from 'node:fs/promises';
import { Engine } from '../../engine/engine.js';
import { Mailer } from '../../identity/mail/mailer.js';
import { ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS } from '../../identity/authentication/access-tokens.js';
import { ModelsService } from '../../models/models.service.js';
import { Settings } from '../../platform/config/settings.js';
import { DatabaseProbe } from '../../platform/database/client/database-probe.js';
import { Lifecycle } from '../../platform/lifecycle/lifecycle.js';
import { BUILD_KIND } from '../../projects/build.js';
import { Runtimes } from '../../runtimes/observed-runtimes.js';
import { CountingLag } from '../../statistics/counting-lag.js';
import { type Check, defineCheck, degraded, type Finding, healthy, unhealthy } from '../checks.service.js';
import { SelfCalls } from '../self-calls.js';

const MINIMUM_FREE_DISK = 0.02;
/** With less free space the embedded database may fail to store anything. */
const FULL_DISK_BYTES = 1024 * 1024;
/** A dead database must not hold a probe for long. */
const DATABASE_TIMEOUT_MS = 1_000;
const STATUS_TIMEOUT_MS = 1_500;
const LONG_WAIT_SECONDS = 600;
const LATE_COUNTING_SECONDS = 60;

const SHORTEST_SECRET = 32;
/** Random secrets have far more distinct characters; repeated words have fewer. */
const LEAST_CHARACTERS = 12;
const SAFE_ROUNDS = 12;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** An unsigned token (`alg: none`) that claims the role admin. */
const FORGED_TOKEN = `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded({ sub: 'nobody', org: 'default', roles: ['admin'], exp: 4_102_444_800 })}.`;
/** 429: the address has been refused so often that its requests are no longer examined. */
const REFUSALS: readonly number[] = [401, 429];

/** The parts of the platform that can fail while it runs. */
export const LIVE_CHECKS: Check[] = [
  defineCheck({
    name: 'shutdown',
    shown_in: ['ready'],
    severity: 'critical',
    fix: 'Send requests to another process.',
    timeout_ms: 100,
    needs: [Lifecycle],
    look: ([lifecycle]) =>
      lifecycle.isOpen ? healthy('The process accepts requests') : unhealthy('The process is shutting down'),
  }),
  defineCheck({
    name: 'database',
    shown_in: ['ready', 'detailed', 'status'],
    severity: 'critical',
    fix: 'Follow docs/runbooks/DatabaseUnavailable.md.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [DatabaseProbe, Settings],
    look: async ([database, settings]) => {
      try {
        const missing = await database.tablesMissing(DATABASE_TIMEOUT_MS);
        if (missing.length > 0)
          return unhealthy(`Tables are missing: ${missing.join(', ')}; run npm run db:migrate`, { missing });
        if (isEmbedded(settings) && (await isDiskFull(settings)))
          return unhealthy('The disk that holds NEXUS_DATA_DIR is full: nothing can be stored until space is freed');
        return healthy('The database responds and all tables exist');
      } catch {
        return unhealthy('The database does not respond');
      }
    },
  }),
  defineCheck({
    name: 'engine',
    shown_in: ['ready'],
    severity: 'critical',
    fix: 'Start Temporal, correct TEMPORAL_ADDRESS, or set ENGINE_FALLBACK=embedded.',
    timeout_ms: 100,
    needs: [Engine],
    look: ([engine]) =>
      engine.outage === undefined ? healthy('Durable runs can be started') : unhealthy(engine.outage),
  }),
  defineCheck({
    name: 'aws_credentials',
    shown_in: ['detailed'],
    severity: 'fail',
    fix: 'Give the process AWS credentials: a role, a profile or AWS_ACCESS_KEY_ID.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [DatabaseProbe, Settings],
    look: async ([database, settings]) => {
      if (isEmbedded(settings))
        return healthy('The embedded database needs no credentials', {}, { label: 'not_required' });
      return (await database.hasCredentials())
        ? healthy('Found through the credential chain', {}, { label: 'configured' })
        : unhealthy('The credential chain finds no credentials', {}, { label: 'not_configured' });
    },
  }),
  defineCheck({
    name: 'build_engine',
    shown_in: ['detailed', 'status', 'readiness'],
    severity: 'fail',
    fix: 'Run processes with BUILD_SLOTS above 0, or more of them; see docs/runbooks.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [Engine, Settings],
    look: async ([engine, settings]) => {
      const queue = await engine.queue(BUILD_KIND);
      const slots = settings.get('BUILD_SLOTS');
      const here = `${settings.get('ENGINE')}: ${engine.running(BUILD_KIND)} of ${slots} build slots in use here`;
      const message = `${here}; ${queue.running} builds run and ${queue.waiting} wait in all processes`;
      const evidence = { slots_here: slots, ...queue };
      if (queue.stalled > 0)
        return degraded(`${message}; ${queue.stalled} lost their process and were not taken over`, evidence, {
          fix: 'Start a process with BUILD_SLOTS above 0.',
        });
      if (queue.oldest_seconds > LONG_WAIT_SECONDS)
        return degraded(`${message}; the oldest has waited ${Math.round(queue.oldest_seconds)} s`, evidence);
      return healthy(message, evidence);
    },
  }),
  defineCheck({
    name: 'mail',
    shown_in: ['detailed'],
    severity: 'warning',
    fix: 'Set SMTP_URL and MAIL_FROM.',
    timeout_ms: 100,
    needs: [Mailer],
    look: ([{ mode }]) =>
      mode === 'off'
        ? healthy(
            'Off: SMTP_URL is not set; password resets, address verification and sign-in links send nothing',
            { mode },
            { label: 'not_required' },
          )
        : healthy(mode === 'smtp' ? 'Sent over SMTP' : 'Printed to standard output: SMTP_URL is not set', { mode }),
  }),
  defineCheck({
    name: 'model_provider',
    shown_in: ['detailed', 'status', 'readiness'],
    severity: 'warning',
    fix: 'Read the provider’s error in the log. The circuit breaker closes when calls succeed again.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [ModelsService],
    look: ([models]) => modelProvider(models),
  }),
  defineCheck({
    name: 'runtimes',
    shown_in: ['status'],
    severity: 'fail',
    fix: 'Configure the runtime that AGENT_RUNTIME names, or name another one; see docs/runtimes.md.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [Runtimes, Settings],
    look: ([runtimes, settings]) => {
      const kinds = runtimes.kinds();
      const wanted = settings.get('AGENT_RUNTIME');
      const message = `Available: ${kinds.join(', ')}; builds deploy to ${wanted}`;
      return (kinds.includes(wanted) ? healthy : unhealthy)(message, { kinds, wanted });
    },
  }),
  defineCheck({
    name: 'authentication',
    shown_in: ['status', 'readiness'],
    severity: 'fail',
    fix: 'Take the process off the network and report this.',
    timeout_ms: 3_000,
    needs: [Settings, SelfCalls],
    look: async ([settings, self]) => {
      const secret = settings.get('JWT_SECRET_KEY') ?? '';
      const rounds = settings.get('NEXUS_BCRYPT_ROUNDS');
      const [without, forged] = await Promise.all([
        self.ask('/api/v1/auth/me'),
        self.ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${FORGED_TOKEN}` } }),
      ]);
      const evidence = {
        secret_length: secret.length,
        access_token_seconds: ACCESS_TOKEN_SECONDS,
        refresh_token_seconds: REFRESH_TOKEN_SECONDS,
        bcrypt_rounds: rounds,
        without_token: without.status,
        with_forged_token: forged.status,
      };
      if (![without, forged].every(({ status }) => REFUSALS.includes(status)))
        return unhealthy(`Answered ${without.status} without a token, ${forged.status} to a forged token`, evidence);
      const message = 'Requests without a token and with a forged token are refused';
      if (secret.length < SHORTEST_SECRET || new Set(secret).size < LEAST_CHARACTERS)
        return healthy(message, evidence, {
          unfit: {
            message: 'JWT_SECRET_KEY is missing, too short or too simple',
            fix: 'Set JWT_SECRET_KEY to a random secret, e.g. from: openssl rand -base64 48',
          },
        });
      if (rounds < SAFE_ROUNDS)
        return healthy(message, evidence, {
          unfit: {
            message: `Passwords are hashed with ${rounds} rounds of bcrypt`,
            fix: `Set NEXUS_BCRYPT_ROUNDS=${SAFE_ROUNDS}.`,
          },
        });
      return healthy(message, evidence);
    },
  }),
  defineCheck({
    name: 'metrics_collector',
    shown_in: ['status'],
    severity: 'fail',
    fix: 'Read the log for errors of the statistics aggregator.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [CountingLag],
    look: async ([lag]) => {
      const worst = Math.max(0, ...(await lag.read()).map(({ value }) => value));
      return worst > LATE_COUNTING_SECONDS
        ? degraded(`The oldest uncounted record has waited ${Math.round(worst)} s`, { seconds: worst })
        : healthy(`Counters are ${worst === 0 ? 'up to date' : `${worst.toFixed(1)} s behind`}`, { seconds: worst });
    },
  }),
  defineCheck({
    name: 'disk',
    shown_in: ['detailed'],
    severity: 'fail',
    fix: 'Free space on the disk that holds NEXUS_DATA_DIR.',
    timeout_ms: STATUS_TIMEOUT_MS,
    needs: [Settings],
    look: async ([settings]) => {
      try {
        const free = await freeDisk(settings);
        const message = `${Math.round(free * 1000) / 10} % free`;
        return (free >= MINIMUM_FREE_DISK ? healthy : unhealthy)(message, { free });
      } catch {
        return unhealthy('Free space could not be read');
      }
    },
  }),
];

/** The free share, 0 to 1, of the disk that holds the data. @throws Error when it cannot be read */
export async function freeDisk(settings: Settings): Promise<number> {
  const { bavail, blocks } = await statfs(isEmbedded(settings) ? settings.get('NEXUS_DATA_DIR') : '/');
  return bavail / blocks;
}

/** Reports the circuit breaker, which observes real calls: asking the provider for its status would cost money. */
function modelProvider(models: ModelsService): Finding {
  const { id, provider } = models.describe();
  const name = `${provider}: ${id}`;
  const evidence = { provider, model: id, circuit_breaker: models.state };
  if (provider === 'offline')
    return healthy(name, evidence, {
      unfit: {
        message: 'Agents use the rule-based offline model',
        fix: 'Set MODEL_PROVIDER and MODEL_ID, e.g. MODEL_PROVIDER=openai with OPENAI_BASE_URL; see docs/models.md.',
        severity: 'fail',
      },
    });
  switch (models.state) {
    case 'closed':
      return healthy(`${name}; its circuit breaker is closed`, evidence);
    case 'half_open':
      return degraded(`${name}; it failed, and one trial call checks whether it has recovered`, evidence);
    case 'open':
      return unhealthy(`${name}; its circuit breaker is open: most recent calls to it failed`, evidence);
  }
}

const isEmbedded = (settings: Settings): boolean => settings.get('NEXUS_DATABASE') === 'embedded';

async function isDiskFull(settings: Settings): Promise<boolean> {
  const { bavail, bsize } = await statfs(settings.get('NEXUS_DATA_DIR'));
  return bavail * bsize < FULL_DISK_BYTES;
}
