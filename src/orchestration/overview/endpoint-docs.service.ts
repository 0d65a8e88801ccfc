import { Injectable } from '@nestjs/common';
import { type ApiDocument, SelfCalls } from '../../health/self-calls.js';
import { holds, ROLES } from '../../identity/principal.js';
import { ACCESS_TOKEN_SECONDS } from '../../identity/authentication/access-tokens.js';
import { Settings } from '../../platform/config/settings.js';
import type { EndpointDocsDto, EndpointDto } from './dto/overview.dto.js';

const GROUP = '/api/v1/orchestration';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const RATE_LIMIT_HEADERS = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
];

type Operation = NonNullable<ApiDocument['paths'][string]['get']> & { 'x-least-role'?: string };
type Content = Record<string, { schema: Schema }>;

/** Documents the orchestration routes from the OpenAPI document of the running process. */
@Injectable()
export class EndpointDocsService {
  constructor(
    private readonly self: SelfCalls,
    private readonly settings: Settings,
  ) {}

  /** @throws Error when the document cannot be read */
  async read(): Promise<EndpointDocsDto> {
    const document = await this.self.apiDocument();
    const endpoints = Object.entries(document.paths)
      .filter(([path]) => path.startsWith(GROUP))
      .flatMap(([path, item]) =>
        METHODS.flatMap((method) => {
          const operation = item[method] as Operation | undefined;
          return operation
            ? [[operation.operationId ?? path, endpointOf(document, method, path, operation)] as const]
            : [];
        }),
      );
    return {
      api_version: document.info.version,
      base_url: GROUP,
      authentication: {
        type: 'Bearer',
        header: 'Authorization',
        required_roles: ROLES.filter((role) => holds({ roles: [role] }, 'orchestration_manager')),
        token_expiry: ACCESS_TOKEN_SECONDS,
        refresh_available: '/api/v1/auth/refresh' in document.paths,
      },
      rate_limiting: {
        limit: this.settings.get('RATE_LIMIT_ORCHESTRATION_PER_MINUTE'),
        window_seconds: 60,
        headers: RATE_LIMIT_HEADERS,
      },
      endpoints: Object.fromEntries(endpoints),
    };
  }
}

function endpointOf(document: ApiDocument, method: string, path: string, operation: Operation): EndpointDto {
  const body = (operation.requestBody as { content?: Content } | undefined)?.content;
  const answers = Object.entries(operation.responses as Record<string, { content?: Content; description?: string }>);
  const answer = answers.find(([status]) => status.startsWith('2'));
  const parameters = (operation.parameters ?? []).flatMap((one) => ('name' in one ? [one] : []));
  return {
    method: method.toUpperCase(),
    path,
    description: [operation.summary, operation.description].filter(Boolean).join('. '),
    authentication: operation['x-least-role'] ?? 'none',
    parameters: parameters.map(({ name, in: where, required = false, description = '', schema }) => ({
      ...{ name, in: where, required, description },
      ...(schema && 'type' in schema && typeof schema.type === 'string' ? { type: schema.type } : {}),
    })),
    ...(body ? { request_example: exampleOf(document, jsonOf(body)) } : {}),
    response_example: answer ? exampleOf(document, jsonOf(answer[1].content)) : null,
    errors: Object.fromEntries(
      answers
        .filter(([status]) => !status.startsWith('2'))
        .map(([status, { description = '' }]) => [status, description]),
    ),
  };
}

const jsonOf = (content: Content | undefined): Schema => content?.['application/json']?.schema ?? {};

/** The part of a schema that an example is built from. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
}

const MAXIMUM_DEPTH = 8;

/** Builds an example from the examples of the schema's parts; null where the document gives none. */
function exampleOf(document: ApiDocument, schema: Schema, depth = 0): unknown {
  if (schema.example !== undefined) return schema.example;
  if (depth > MAXIMUM_DEPTH) return null;
  const inner = (one: Schema): unknown => exampleOf(document, one, depth + 1);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return inner(document.components?.schemas?.[name] ?? {});
  }
  if (schema.anyOf?.[0]) return inner(schema.anyOf[0]);
  if (schema.allOf) return merged(schema.allOf.map(inner));
  if (schema.properties)
    return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, inner(one)]));
  if (schema.items) return [inner(schema.items)];
  return schema.default ?? schema.enum?.[0] ?? null;
}

function merged(parts: unknown[]): unknown {
  const objects = parts.filter((part): part is object => typeof part === 'object' && part !== null);
  return objects.length === parts.length ? Object.assign({}, ...objects) : (parts[0] ?? null);
}
