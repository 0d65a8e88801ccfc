import { Injectable } from '@nestjs/common';
import { ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS } from '../../../../identity/tokens/token-settings.js';
import { Settings } from '../../../../platform/config/settings.js';
import { SelfCalls } from '../../self-calls.js';
import { FORGED_TOKEN } from '../../status/checks/authentication.check.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

const SHORTEST_SECRET = 32;
/** A secret of random characters has far more; a word said again and again has fewer. */
const LEAST_CHARACTERS = 12;
const SAFE_ROUNDS = 12;

/** The key that signs tokens, how long they live, and that nobody gets in without one or with a forged one. */
@Injectable()
export class AuthenticationReadiness extends ReadinessCheck {
  override readonly name = 'authentication';

  constructor(
    private readonly settings: Settings,
    private readonly self: SelfCalls,
  ) {
    super();
  }

  override async look(): Promise<Finding> {
    const secret = this.settings.get('JWT_SECRET_KEY') ?? '';
    const rounds = this.settings.get('NEXUS_BCRYPT_ROUNDS');
    const [nobody, forged] = await Promise.all([
      this.self.ask('/api/v1/auth/me'),
      this.self.ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${FORGED_TOKEN}` } }),
    ]);
    const evidence = {
      secret_length: secret.length,
      access_token_seconds: ACCESS_TOKEN_SECONDS,
      refresh_token_seconds: REFRESH_TOKEN_SECONDS,
      bcrypt_rounds: rounds,
      without_token: nobody.status,
      with_forged_token: forged.status,
    };
    if (![nobody, forged].every(({ status }) => status === 401 || status === 429))
      return fail('Lets strangers in', evidence, 'Take the process off the network and report this.');
    if (secret.length < SHORTEST_SECRET || new Set(secret).size < LEAST_CHARACTERS)
      return fail(
        'The key that signs tokens is not set, too short or too plain',
        evidence,
        'Set JWT_SECRET_KEY to a random secret, e.g. from: openssl rand -base64 48',
      );
    if (rounds < SAFE_ROUNDS)
      return fail('Passwords are hashed with too few rounds', evidence, `Set NEXUS_BCRYPT_ROUNDS=${SAFE_ROUNDS}.`);
    return pass('Tokens are short-lived and signed with a strong key; strangers are refused', evidence);
  }
}
