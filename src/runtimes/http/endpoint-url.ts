import { ValidationError } from '../../shared/domain-error.js';

/** The address of a route of a container below its base address. */
export function routeOf(endpoint_url: string, route: 'invocations' | 'ping'): string {
  return `${endpoint_url.replace(/(?<!\/)\/+$/, '')}/${route}`;
}

/** The base address as it is stored: without query, fragment and the routes that we add ourselves. @throws ValidationError */
export function endpointOf(value: string | undefined): string {
  if (value === undefined) throw ValidationError.field('endpoint_url', 'is needed for the runtime "http"');
  if (!URL.canParse(value)) throw ValidationError.field('endpoint_url', 'is not a valid address');
  const url = new URL(value);
  if (url.search !== '' || url.hash !== '')
    throw ValidationError.field('endpoint_url', 'must not carry a query or a fragment');
  return url.href.replace(/(?<!\/)\/+$/, '').replace(/\/(invocations|ping)$/, '');
}
