import { Injectable } from '@nestjs/common';
import { VERSION } from '../../shared/version.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { OperatorsService } from '../../identity/operator/operators.service.js';
import { actorOf, type Principal } from '../../identity/principal.js';
import {
  ACCESS_TOKEN_SECONDS,
  ALGORITHM,
  REFRESH_TOKEN_SECONDS,
  SIGN_IN_SECONDS,
} from '../../identity/authentication/access-tokens.js';
import { ALLOWED_FAILURES, LOCK_MS } from '../../identity/authentication/sign-in.service.js';
import { Settings } from '../../platform/config/settings.js';
import { PermissionDeniedError } from '../../shared/domain-error.js';
import { PartnershipsService } from '../partnerships/partnerships.service.js';
import { DRAWS } from '../decisions/engine/simulation.js';
import type { ConfigurationDto } from './dto/overview.dto.js';

const REDACTED = '[redacted]';
/** Secret settings: only whether each is set is reported. */
const SECRETS = [
  'JWT_SECRET_KEY',
  'NEXUS_ADMIN_PASSWORD',
  'NEXUS_ENCRYPTION_KEY',
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'AWS_BEARER_TOKEN_BEDROCK',
  'REDIS_URL',
] as const;
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

/** The effective settings of the running process: the environment, completed by defaults. */
@Injectable()
export class ConfigurationService {
  /** Settings are read once, when the process starts. */
  private readonly since = new Date().toISOString();

  constructor(
    private readonly settings: Settings,
    private readonly partnerships: PartnershipsService,
    private readonly operators: OperatorsService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The settings are those of the whole platform, so only its operators may read them. Each read is audited before it is answered.
   * @throws PermissionDeniedError, DatabaseError when the audit entry cannot be stored
   */
  async read(principal: Principal): Promise<ConfigurationDto> {
    const { org_id } = principal;
    if (!(await this.operators.isOperator(principal)))
      throw new PermissionDeniedError('Only operators of the platform can read its settings', {
        suggestion: 'Ask the owner of the platform to run `npm run operators -- grant <email>` for you.',
      });
    const actor = actorOf(principal);
    await this.audit.record({ org_id, actor, action: 'config.read', outcome: 'success' });
    const { readings } = await this.partnerships.snapshot(org_id);
    return {
      configuration: {
        api_settings: this.api(),
        security_settings: this.security(),
        orchestration_settings: this.orchestration(),
        partnership_settings: Object.fromEntries(
          readings.map(({ partnership: { id, enabled, priority } }) => [id, { enabled, priority }]),
        ),
      },
      last_updated: this.since,
      version: VERSION,
    };
  }

  private api(): Record<string, unknown> {
    const { settings } = this;
    const origins = settings.get('ALLOWED_ORIGINS');
    return {
      environment: settings.get('ENVIRONMENT'),
      rate_limit_per_minute: settings.get('RATE_LIMIT_PER_MINUTE'),
      rate_limit_orchestration_per_minute: settings.get('RATE_LIMIT_ORCHESTRATION_PER_MINUTE'),
      rate_limit_auth_per_minute: settings.get('RATE_LIMIT_AUTH_PER_MINUTE'),
      rate_limits_shared: settings.get('REDIS_URL') !== undefined,
      timeout_seconds: settings.get('REQUEST_TIMEOUT_SECONDS'),
      max_payload_bytes: BODY_LIMIT_BYTES,
      cors_enabled: origins.length > 0,
      cors_origins: origins,
      trusted_proxies: settings.get('TRUSTED_PROXIES'),
      log_level: settings.get('LOG_LEVEL'),
    };
  }

  private security(): Record<string, unknown> {
    const { settings } = this;
    return {
      token_algorithm: ALGORITHM,
      access_token_seconds: ACCESS_TOKEN_SECONDS,
      refresh_token_seconds: REFRESH_TOKEN_SECONDS,
      sign_in_seconds: SIGN_IN_SECONDS,
      max_login_attempts: ALLOWED_FAILURES,
      lockout_seconds: LOCK_MS / 1000,
      bcrypt_rounds: settings.get('NEXUS_BCRYPT_ROUNDS'),
      registration_open: settings.get('NEXUS_ALLOW_REGISTRATION'),
      private_addresses_allowed: settings.get('NEXUS_ALLOW_PRIVATE_ADDRESSES'),
      secrets: Object.fromEntries(
        SECRETS.map((name) => [name, settings.get(name) === undefined ? null : REDACTED] as const),
      ),
    };
  }

  private orchestration(): Record<string, unknown> {
    const { settings } = this;
    return {
      database: settings.get('NEXUS_DATABASE'),
      model_provider: settings.get('MODEL_PROVIDER'),
      model_id: settings.get('MODEL_ID') ?? null,
      agent_runtime: settings.get('AGENT_RUNTIME'),
      build_engine: settings.get('ENGINE'),
      build_slots: settings.get('BUILD_SLOTS'),
      build_lease_seconds: settings.get('ENGINE_LEASE_SECONDS'),
      build_heartbeat_seconds: settings.get('ENGINE_HEARTBEAT_SECONDS'),
      build_reaper_seconds: settings.get('ENGINE_REAPER_SECONDS'),
      background_run_slots: settings.get('BACKGROUND_RUN_SLOTS'),
      partnership_tick_ms: settings.get('PARTNERSHIP_TICK_MS'),
      decision_draws: DRAWS,
    };
  }
}
