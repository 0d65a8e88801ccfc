import type { OpenAPIObject } from '@nestjs/swagger';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Schema {
  $ref?: string;
  type?: string;
  example?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  anyOf?: Schema[];
}

export interface Operation {
  /** As docs/access.md writes it: `POST /api/v1/projects`. */
  name: string;
  method: string;
  path: string;
  is_public: boolean;
  least_role: string | undefined;
  statuses: string[];
  /** A body of the document's examples, with every field that is required; undefined for a route without one. */
  body: Record<string, unknown> | undefined;
  is_upload: boolean;
}

/** Every operation of the OpenAPI document. */
export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as (typeof item)['get'] & { 'x-public'?: boolean; 'x-least-role'?: string };
      if (!(operation as unknown)) return [];
      const content = (operation?.requestBody as { content?: Record<string, { schema: Schema }> } | undefined)?.content;
      const json = content?.['application/json']?.schema;
      return [
        {
          name: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          path,
          is_public: operation['x-public'] === true,
          least_role: operation['x-least-role'],
          statuses: Object.keys(operation?.responses ?? {}),
          body: json && exampleOf(document, json),
          is_upload: json === undefined && content?.['multipart/form-data'] !== undefined,
        },
      ];
    }),
  );
}

function exampleOf(document: OpenAPIObject, schema: Schema): Record<string, unknown> {
  if (schema.anyOf?.[0]) return exampleOf(document, schema.anyOf[0]);
  const name = schema.$ref?.split('/').at(-1) ?? '';
  const { required = [], properties = {} } = (document.components?.schemas?.[name] ?? schema) as Schema;
  const told = Object.entries(properties).filter(
    ([field, { example }]) => example !== undefined || required.includes(field),
  );
  return Object.fromEntries(
    told.map(([field, { example, enum: values }]) => [field, example ?? values?.[0] ?? 'What is 6 * 7, and why?']),
  );
}
