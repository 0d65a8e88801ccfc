import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from '../../platform/config/settings.js';
import { type Check, defineCheck, healthy, unhealthy } from '../checks.service.js';
import { type SelfAnswer, SelfCalls } from '../self-calls.js';

const TIMEOUT_MS = 5_000;
/** No client reaches a higher limit, so it would limit nothing. */
const LOOSEST_PER_MINUTE = 100_000;
const UNKNOWN_ORIGIN = 'https://stranger.invalid';
const SECURITY_HEADERS: Readonly<Record<string, RegExp>> = {
  'content-security-policy': /default-src 'self'.*frame-ancestors 'none'/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'permissions-policy': /camera=\(\)/,
};
/** The metrics that alerts are made of. */
const METRICS = [
  'http_requests_total',
  'http_request_duration_seconds',
  'nexus_ready',
  'process_resident_memory_bytes',
];

/** What clients see of the platform. The process calls itself over its own port. */
export const HTTP_CHECKS: Check[] = [
  defineCheck({
    name: 'security_headers',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'The process itself omits or adds these headers: report this with the evidence.',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls],
    look: async ([self]) => {
      const { headers, status } = await self.ask('/health');
      const lacking = Object.entries(SECURITY_HEADERS).flatMap(([name, value]) =>
        value.test(String(headers[name] ?? '')) ? [] : [name],
      );
      const x_powered_by = headers['x-powered-by'] ?? null;
      const evidence = { asked: '/health', status, lacking, x_powered_by };
      if (lacking.length > 0) return unhealthy(`Responses lack ${lacking.join(', ')}`, evidence);
      return x_powered_by === null
        ? healthy('Every response carries the security headers', evidence)
        : unhealthy('Responses name the server software in X-Powered-By', evidence);
    },
  }),
  defineCheck({
    name: 'rate_limiting',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Set REDIS_URL to a reachable store, or unset it.',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls, Settings],
    look: async ([self, settings]) => {
      const first = await self.ask('/api/v1/orchestration/info');
      const second = await self.ask('/api/v1/orchestration/info');
      const limit = Number(first.headers['x-ratelimit-limit']);
      const remaining = [first, second].map(({ headers }) => Number(headers['x-ratelimit-remaining']));
      const limits = {
        default: settings.get('RATE_LIMIT_PER_MINUTE'),
        orchestration: settings.get('RATE_LIMIT_ORCHESTRATION_PER_MINUTE'),
        auth: settings.get('RATE_LIMIT_AUTH_PER_MINUTE'),
      };
      const evidence = { limit, remaining, limits, shared: settings.get('REDIS_URL') !== undefined };
      const isCounted = Number.isFinite(limit) && ((remaining[1] ?? 0) < (remaining[0] ?? 0) || second.status === 429);
      if (!isCounted) return unhealthy('Requests are not counted', evidence);
      const loose = Object.entries(limits).flatMap(([name, one]) => (one > LOOSEST_PER_MINUTE ? [name] : []));
      return loose.length === 0
        ? healthy('Requests are counted and limited', evidence)
        : unhealthy(`The limits of ${loose.join(', ')} are too high to limit any client`, evidence, {
            fix: `Set RATE_LIMIT_PER_MINUTE, RATE_LIMIT_ORCHESTRATION_PER_MINUTE and RATE_LIMIT_AUTH_PER_MINUTE to at most ${LOOSEST_PER_MINUTE}.`,
          });
    },
  }),
  defineCheck({
    name: 'error_handling',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Report this with the evidence.',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls],
    look: async ([self]) => {
      // A path that cannot be decoded: bodies are read only after the sign-in, and a sign-in route would use up its rate limit.
      const [missing, malformed] = await Promise.all([
        self.ask('/api/v1/there-is-no-such-thing'),
        self.ask('/api/v1/stages/%'),
      ]);
      const evidence = {
        missing_resource: { status: missing.status, ...errorOf(missing) },
        malformed_path: { status: malformed.status, ...errorOf(malformed) },
      };
      const isDocumented =
        missing.status === 404 &&
        malformed.status === 400 &&
        [missing, malformed].every((answer) => errorOf(answer).has_trace_id && !leaks(answer));
      return isDocumented
        ? healthy('Errors use the envelope, carry a trace id and show no internals', evidence)
        : unhealthy('Errors do not match their documentation', evidence);
    },
  }),
  defineCheck({
    name: 'monitoring',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Report this with the evidence.',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls],
    look: async ([self]) => {
      const { status, text } = await self.ask('/health/metrics');
      const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
      const lacking = METRICS.filter((name) => !names.has(name));
      const evidence = { asked: '/health/metrics', status, metrics: names.size, lacking };
      return status === 200 && lacking.length === 0
        ? healthy(`${names.size} metrics can be scraped`, evidence)
        : unhealthy('The metrics cannot be scraped', evidence);
    },
  }),
  defineCheck({
    name: 'api_documentation',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Document the routes that the evidence names.',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls, HttpAdapterHost],
    look: async ([self, host]) => {
      const { paths } = await self.apiDocument();
      const operations = Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item as Record<string, Operation>)
          .filter(([method]) => METHODS.includes(method))
          .map(([method, operation]) => ({ name: `${method} ${withoutNames(path)}`, ...operation })),
      );
      const documented = new Set(operations.map(({ name }) => name));
      const undocumented = servedRoutes(host).filter((route) => !documented.has(route));
      const incomplete = operations.flatMap(({ name, summary, responses }) => (summary && responses ? [] : [name]));
      const ids = operations.map(({ operationId }) => operationId ?? '');
      const repeated_operation_ids = [...new Set(ids.filter((id, index) => id === '' || ids.indexOf(id) !== index))];
      const evidence = { operations: operations.length, undocumented, incomplete, repeated_operation_ids };
      return undocumented.length + incomplete.length + repeated_operation_ids.length === 0
        ? healthy(`All ${operations.length} operations are documented and have a unique operation id`, evidence)
        : unhealthy('The OpenAPI document does not match the routes', evidence);
    },
  }),
  defineCheck({
    name: 'tls',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Set ENVIRONMENT=production.',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls, Settings],
    look: async ([self, settings], { secure }) => {
      const { headers } = await self.ask('/health');
      const hsts = headers['strict-transport-security'] ?? null;
      const proxies = settings.get('TRUSTED_PROXIES');
      const evidence = { request_by_tls: secure, strict_transport_security: hsts, trusted_proxies: proxies };
      if (hsts === null) return unhealthy('Responses lack Strict-Transport-Security', evidence);
      const message = 'Requests arrive over TLS, and browsers must use it';
      if (secure) return healthy(message, evidence);
      const fix =
        proxies.length === 0
          ? 'Terminate TLS in a proxy that sets X-Forwarded-Proto, and list its address in TRUSTED_PROXIES.'
          : 'Send this request to the public address. If you did, make the proxy set X-Forwarded-Proto.';
      const unfit = { message: 'This request did not arrive over TLS', fix, severity: 'warning' as const };
      return healthy(message, evidence, { unfit });
    },
  }),
  defineCheck({
    name: 'cors',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'List the allowed origins in ALLOWED_ORIGINS, without "*".',
    timeout_ms: TIMEOUT_MS,
    needs: [SelfCalls, Settings],
    look: async ([self, settings]) => {
      const allowed_origins = settings.get('ALLOWED_ORIGINS');
      const { headers } = await self.ask('/api/v1/projects', {
        method: 'OPTIONS',
        headers: { origin: UNKNOWN_ORIGIN, 'access-control-request-method': 'GET' },
      });
      const stranger_is_allowed = headers['access-control-allow-origin'] ?? null;
      const evidence = { allowed_origins, stranger_is_allowed };
      if (stranger_is_allowed === UNKNOWN_ORIGIN || stranger_is_allowed === '*')
        return unhealthy('Any web page may call the API from a browser', evidence);
      const plain = allowed_origins.filter((origin) => !origin.startsWith('https://'));
      const message =
        allowed_origins.length === 0
          ? 'No web page of another origin may call the API'
          : 'Only the listed origins may call the API';
      if (plain.length === 0) return healthy(message, evidence);
      const fix = 'Use https:// origins in ALLOWED_ORIGINS.';
      const unfit = { message: `${plain.join(', ')} may call without TLS`, fix, severity: 'warning' as const };
      return healthy(message, evidence, { unfit });
    },
  }),
];

interface Operation {
  operationId?: string;
  summary?: string;
  responses?: object;
}
interface Layer {
  route?: { path: unknown; methods: Record<string, boolean> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** The front page, documentation itself, and protocols that describe themselves: MCP by its lists, A2A by its cards, a mock by its document. */
const DESCRIBED_ELSEWHERE = /^\/(?:$|(?:docs|redoc|openapi|mcp|a2a|mock|\.well-known)\b)/;

/** The routes of the Express router. A route of all methods only answers 405, so it is left out. */
function servedRoutes(host: HttpAdapterHost): string[] {
  const express = host.httpAdapter.getInstance<{ router?: { stack?: Layer[] } }>();
  const routes = (express.router?.stack ?? []).flatMap(({ route }) => (route ? [route] : []));
  return routes.flatMap(({ path, methods }) =>
    typeof path !== 'string' || DESCRIBED_ELSEWHERE.test(path) || METHODS.every((method) => methods[method])
      ? []
      : METHODS.filter((method) => methods[method]).map((method) => `${method} ${withoutNames(path)}`),
  );
}

/** Replaces parameter names: `/a/:id`, `/a/{id}` and `/a/*path` become `/a/{}`. */
function withoutNames(path: string): string {
  return path.replace(/\{\*?\w+\}|\*\w+|:\w+/g, '{}');
}

function errorOf({ text }: SelfAnswer): { code: string | null; has_trace_id: boolean } {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; trace_id?: string } };
    return { code: error?.code ?? null, has_trace_id: typeof error?.trace_id === 'string' };
  } catch {
    return { code: null, has_trace_id: false };
  }
}

const leaks = ({ text }: SelfAnswer): boolean => /node_modules|\\n\s+at |\.[jt]s:\d+/.test(text);
