/** What shares a budget: the orchestration API, sign-in, and everything else. Probes are not counted. */
export type RateLimitGroup = 'orchestration' | 'auth' | 'default';

const ORCHESTRATION = '/api/v1/orchestration';
/** What an unknown caller sends to get in; reading one's own account is not sign-in. */
const SIGN_IN =
  /^\/api\/v1\/auth\/(?:login|register|refresh|password|email|magic-link|totp|exchange|google|github|oidc)(?:\/|$)/;

/** The group of a path; undefined for what is never limited, so that a flood cannot turn a probe red. */
export function groupOf(path: string): RateLimitGroup | undefined {
  if (path === '/health' || path.startsWith('/health/')) return undefined;
  if (path === ORCHESTRATION || path.startsWith(`${ORCHESTRATION}/`)) return 'orchestration';
  return SIGN_IN.test(path) ? 'auth' : 'default';
}
