import type { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { ValidationError } from '../../shared/domain-error.js';
import type { ToolOperation, ToolRisk } from '../attached/attached-tool.js';
import type { HttpToolConfig } from '../attached/tool-config.js';
import { holesOf } from './http-request.js';

/** GET and HEAD look, DELETE takes away, everything else may change something. */
export function riskOf(method: string): ToolRisk {
  const upper = method.toUpperCase();
  if (upper === 'GET' || upper === 'HEAD') return 'read';
  return upper === 'DELETE' ? 'destructive' : 'write';
}

/** The one operation of an HTTP tool. @throws ValidationError, OutgoingRefusedError when the address may not be called */
export function httpOperation(
  outgoing: OutgoingHttp,
  name: string,
  description: string,
  { method, url, headers, input_schema, allowed_hosts }: HttpToolConfig,
): ToolOperation {
  const sample = url.replaceAll(/\{[^{}]+\}/g, 'x');
  const host = URL.canParse(sample) ? new URL(sample).host : '';
  if (host === '' || !url.split('/')[2]?.startsWith(host.slice(0, 1)) || /^[^/]*\/\/[^/?#]*\{/.test(url))
    throw ValidationError.field('config.url', 'must be an http or https address without { } in its host');
  const hosts = allowed_hosts ?? [host];
  outgoing.check(sample, hosts);
  const properties = (input_schema['properties'] ?? {}) as Record<string, unknown>;
  const missing = holesOf(url).filter((hole) => !Object.hasOwn(properties, hole));
  if (missing.length > 0)
    throw ValidationError.field('config.input_schema', `has no property for ${missing.join(', ')} of the address`);
  return {
    name,
    operation: name,
    description,
    input_schema,
    risk: riskOf(method),
    call: { method, url, headers, places: {}, allowed_hosts: hosts },
  };
}
