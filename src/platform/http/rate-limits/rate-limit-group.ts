/** What shares a budget: the orchestration API, sign-in, and everything else. Probes are not counted. */
export type RateLimitGroup = 'orchestration' | 'auth' | 'default';

const ORCHESTRATION = '/api/v1/orchestration';
const SIGN_IN = '/api/v1/auth/';
/** What a signed-in user does with the account; everything else under `/auth` is part of signing in. */
const OWN_ACCOUNT = /^\/api\/v1\/auth\/(?:me|logout|sessions)(?:\/|$)/;

/**
 * The group of a route; undefined for what is never limited, so that a flood cannot turn a probe red.
 * @param template of the route that takes the request, such as `/api/v1/auth/login`: the path as it was sent has many spellings
 */
export function groupOf(template: string): RateLimitGroup | undefined {
  if (template === '/health' || template.startsWith('/health/')) return undefined;
  if (template === ORCHESTRATION || template.startsWith(`${ORCHESTRATION}/`)) return 'orchestration';
  return template.startsWith(SIGN_IN) && !OWN_ACCOUNT.test(template) ? 'auth' : 'default';
}
