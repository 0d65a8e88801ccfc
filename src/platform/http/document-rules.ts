import type { OpenAPIObject } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';
import { errorResponse } from './api-docs.js';
import { giveErrorExamples } from './error-examples.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Constructor = abstract new (...parameters: never[]) => unknown;

interface Schema {
  example?: unknown;
  default?: unknown;
  allOf?: Schema[];
  'x-any-json'?: boolean;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  minItems?: number;
  uniqueItems?: boolean;
  anyOf?: Schema[];
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  $ref?: string;
}

interface Body {
  required?: boolean;
  content?: Record<string, { schema?: Schema; example?: unknown; examples?: unknown }>;
}

interface Rule {
  name?: string;
  type: string;
  propertyName: string;
  constraints?: unknown[];
  each?: boolean;
}

/** Signed and encoded in base64url: nothing else is a cursor. */
const CURSOR = '^[\\w-]*$';
const EVENTS = { description: 'Server-Sent Events: `event` is the type, `data` is JSON.' };
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const EVENT_STREAM = 'text/event-stream';
/** Names that hold a moment, and names that hold a day. The platform uses them for nothing else. */
const MOMENT = /^(?:(?:\w+_)?at|timestamp|since|last_updated|(?:last|next)_check|date_done|estimated_completion)$/;
const DAY = /^(?:date|(?:start|end)_date)$/;
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Retrying with the same key and body returns the original response. Keys expire after 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
} as const;

/**
 * States once, for the whole OpenAPI document, what holds for every operation and every field: error responses are JSON,
 * retried POSTs, formats of times, and what class-validator checks but the Swagger plugin does not read.
 */
export function applyDocumentRules(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  for (const path of Object.values(document.paths))
    for (const method of METHODS) {
      const operation = path[method];
      if (!(operation as unknown)) continue;
      if (method === 'post') documentRetries(operation as Operation);
      documentLimits(operation as Operation);
      documentContentTypes(operation as Operation);
      splitForms(operation?.requestBody as Body | undefined, schemas);
      for (const parameter of operation?.parameters ?? [])
        if ('schema' in parameter) {
          addFormat(parameter.name, parameter.schema);
          wholeNumber(parameter);
        }
    }
  for (const path of Object.values(document.paths))
    for (const method of METHODS) documentOptionalBody(path[method]?.requestBody as Body | undefined, schemas);
  for (const schema of Object.values(schemas))
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      anyJson(property);
      addFormat(name, property);
      sortEnum(property.items ?? property);
    }
  for (const constructor of validatedClasses()) {
    const schema = schemas[constructor.name];
    if (!schema?.properties) continue;
    schema.additionalProperties = false;
    for (const rule of rulesOf(constructor)) addRule(schema.properties, rule);
  }
  for (const path of Object.values(document.paths))
    for (const method of METHODS) giveExample(path[method]?.requestBody as Body | undefined, schemas);
  giveErrorExamples(document, METHODS);
}

/** Responses that hold a secret are never kept, so those routes take no key. */
function documentRetries(operation: Operation): void {
  if ('x-secret-answer' in operation) return;
  operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  for (const status of [400, 409, 422]) operation.responses[status] ??= errorResponse(status);
}

/** A body without a field that is required may be left out, and each field that is not required may be null. */
function documentOptionalBody(body: Body | undefined, schemas: Record<string, Schema>): void {
  const name = body?.content?.['application/json']?.schema?.$ref?.split('/').at(-1) ?? '';
  const schema = schemas[name];
  if (!body || !schema) return;
  const { properties = {}, required = [] } = schema;
  if (required.length === 0) body.required = false;
  for (const [field, property] of Object.entries(properties))
    if (!required.includes(field)) properties[field] = orNull(property);
}

/**
 * The example of a body, put together from the examples of its fields: what Swagger UI sends with "Try it out". Fields without an example are
 * left out. `test/e2e/api-examples.spec.ts` sends each of them.
 */
function giveExample(body: Body | undefined, schemas: Record<string, Schema>): void {
  const json = body?.content?.['application/json'];
  if (!json || json.example !== undefined || json.examples !== undefined) return;
  const example = exampleOf(json.schema, schemas);
  if (example !== undefined) json.example = example;
}

function exampleOf(schema: Schema | undefined, schemas: Record<string, Schema>): unknown {
  if (schema?.example !== undefined) return schema.example;
  const named = schemas[schema?.$ref?.split('/').at(-1) ?? ''] ?? schema?.allOf?.[0];
  if (named) return exampleOf(named, schemas);
  if (schema?.items) {
    const item = exampleOf(schema.items, schemas);
    return item === undefined ? undefined : [item];
  }
  if (!schema?.properties) return undefined;
  const { required = [] } = schema;
  const fields = Object.entries(schema.properties)
    .map(([name, property]) => {
      const example = exampleOf(property, schemas);
      return [name, required.includes(name) ? (example ?? property.default ?? property.enum?.[0]) : example] as const;
    })
    .filter(([, example]) => example !== undefined);
  return fields.length > 0 ? Object.fromEntries(fields) : undefined;
}

/** Every route but the probes has a budget, and every body a limit. */
function documentLimits({ tags, requestBody, responses }: Operation): void {
  const limits = [431, ...(tags?.includes('health') ? [] : [429]), ...(requestBody ? [400, 413, 415] : [])];
  for (const status of limits) responses[status] ??= errorResponse(status);
}

/** Numbers in a path are parsed as whole numbers. */
function wholeNumber({ in: place, schema }: { in: string; schema?: unknown }): void {
  const documented = schema as Schema | undefined;
  if (place === 'path' && documented?.type === 'number') documented.type = 'integer';
}

/** A body of `anyOf: [record, form]` is the record when it is JSON and the form when it is multipart. Both take no other field. */
function splitForms(body: Body | undefined, schemas: Record<string, Schema>): void {
  const [json, form] = [body?.content?.['application/json'], body?.content?.['multipart/form-data']];
  const [record, upload] = json?.schema?.anyOf ?? [];
  if (!json || !form || !record || !upload) return;
  json.schema = record;
  form.schema = upload;
  const fields = schemas[upload.$ref?.split('/').at(-1) ?? ''];
  if (fields) fields.additionalProperties = false;
}

function documentContentTypes({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    if (!response || !('content' in response) || !response.content) continue;
    const { content } = response;
    if (Number(status) >= 400) response.content = { 'application/json': Object.values(content)[0] ?? {} };
    else if (EVENT_STREAM in content) content[EVENT_STREAM] = { schema: EVENTS };
  }
}

/** Takes the type away that the Swagger plugin gives to a field of any type. */
function anyJson(schema: Schema): void {
  if (!schema['x-any-json']) return;
  delete schema['x-any-json'];
  delete schema.type;
}

function addFormat(name: string, schema: Schema): void {
  const isText = schema.type === 'string' || (Array.isArray(schema.type) && schema.type.includes('string'));
  if (!isText || schema.enum || schema.format !== undefined) return;
  if (name === 'last_key' && schema.maxLength !== undefined) schema.pattern = CURSOR;
  if (MOMENT.test(name)) schema.format = 'date-time';
  else if (DAY.test(name)) schema.format = 'date';
}

/** The compiler gives the members of a union in an order that differs from build to build. */
function sortEnum(schema: Schema): void {
  if (schema.enum?.every((value) => typeof value === 'string' || value === null))
    schema.enum = schema.enum.toSorted((a, b) => (a === null ? 1 : b === null ? -1 : String(a) < String(b) ? -1 : 1));
}

function addRule(properties: Record<string, Schema>, { name, type, propertyName, constraints, each }: Rule): void {
  const property = properties[propertyName];
  if (!property) return;
  if (type === 'conditionalValidation' && name === 'isOptional') properties[propertyName] = orNull(property);
  if (name === 'arrayNotEmpty') property.minItems = 1;
  if (name === 'arrayUnique' && property.items?.type === 'string') property.uniqueItems = true;
  if (name === 'matches' && constraints?.[0] instanceof RegExp) property.pattern ??= constraints[0].source;
  if (name === 'isInt') (property.items ?? property).type = asInteger((property.items ?? property).type);
  if (each !== true || !property.items) return;
  if (name === 'isNotEmpty') property.items.minLength = 1;
  if (name === 'maxLength') property.items.maxLength = Number(constraints?.[0]);
  if (name === 'isLength') [property.items.minLength, property.items.maxLength] = constraints as [number, number];
}

const asInteger = (type: Schema['type']): string | string[] =>
  Array.isArray(type) ? type.map((one) => (one === 'number' ? 'integer' : one)) : 'integer';

/** An optional field may be null, which means the same as leaving it out. */
function orNull(schema: Schema): Schema {
  if (schema.$ref !== undefined) return { anyOf: [schema, { type: 'null' }] };
  if (schema.anyOf) return schema;
  const types = [schema.type ?? []].flat();
  if (types.length === 0 || types.includes('null')) return schema;
  return { ...schema, type: [...types, 'null'], ...(schema.enum ? { enum: [...schema.enum, null] } : {}) };
}

function validatedClasses(): Constructor[] {
  const storage = getMetadataStorage() as unknown as { validationMetadatas: Map<Constructor, unknown> };
  return [...storage.validationMetadatas.keys()];
}

function rulesOf(constructor: Constructor): Rule[] {
  return getMetadataStorage().getTargetValidationMetadatas(constructor, '', true, false);
}
