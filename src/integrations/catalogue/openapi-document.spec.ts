import { readFileSync } from 'node:fs';
import { readSource } from '../formats/read-source.js';
import { clientTasks } from './client-tasks.js';
import { openapiOf } from './openapi-document.js';
import type { Catalogue, JsonSchema } from './operation.js';

async function written(schemas: object, operation: object = {}, path = '/things'): Promise<Record<string, JsonSchema>> {
  const answer = {
    description: 'ok',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
  };
  const document = {
    ...{ openapi: '3.1.0', info: { title: 'Things', version: '1' }, servers: [{ url: 'https://api.example.com' }] },
    paths: { [path]: { get: { operationId: 'listThings', responses: { 200: answer }, ...operation } } },
    components: { schemas: { Thing: { type: 'object' }, ...schemas } },
  };
  const request = { text: JSON.stringify(document), format: 'auto' as const, url: undefined, files: {} };
  const catalogue = (await readSource(request)) as Catalogue;
  const made = openapiOf(catalogue, 'https://api.example.com').document as {
    paths: Record<string, Record<string, JsonSchema>>;
    components: { schemas: Record<string, JsonSchema> };
  };
  return { ...made.components.schemas, operation: made.paths[path]?.['get'] ?? {} };
}

it('says that a value may be null where it is referred to, not in the schema itself', async () => {
  const { Thing, Owner } = await written({
    Thing: { type: 'object', properties: { owner: { $ref: '#/components/schemas/Owner' } } },
    Owner: { type: ['object', 'null'], properties: { id: { type: 'string' } } },
  });
  expect(Thing?.['properties']).toEqual({
    owner: { nullable: true, allOf: [{ $ref: '#/components/schemas/Owner' }] },
  });
  expect(Owner).toEqual({ type: 'object', properties: { id: { type: 'string' } } });
});

it('renames a schema whose name a generator gives to what stands inside of another', async () => {
  const named = await written({
    Thing: {
      type: 'object',
      properties: {
        status: { type: 'string', enum: ['open', 'shut'] },
        next: { $ref: '#/components/schemas/ThingStatus' },
        last: { $ref: '#/components/schemas/thing_status_open' },
      },
    },
    ThingStatus: { type: 'object', properties: { code: { type: 'integer' } } },
    thing_status_open: { type: 'object', properties: { at: { type: 'string' } } },
  });
  expect(Object.keys(named).toSorted()).toEqual(['Thing', 'ThingStatusModel', 'ThingStatusOpenModel', 'operation']);
});

it('writes a list in the style of objects with brackets, and leaves an empty body out', async () => {
  const { operation } = await written(
    {},
    {
      parameters: [
        { name: 'expand', in: 'query', style: 'deepObject', schema: { type: 'array', items: { type: 'string' } } },
      ],
      requestBody: { content: { 'application/x-www-form-urlencoded': { schema: { type: 'object', properties: {} } } } },
    },
  );
  expect(operation?.['parameters']).toEqual([
    expect.objectContaining({ name: 'expand[]', in: 'query', style: 'form', explode: true }),
  ]);
  expect(operation?.['requestBody']).toBeUndefined();
});

it('describes no body of an answer to HEAD, and expects none', async () => {
  const answer = { description: 'ok', content: { 'application/json': { schema: { type: 'string' } } } };
  const paths = { '/things': { head: { operationId: 'checkThings', responses: { 200: answer } } } };
  const text = JSON.stringify({ openapi: '3.1.0', info: { title: 'Things', version: '1' }, paths });
  const catalogue = (await readSource({ text, format: 'auto', url: undefined, files: {} })) as Catalogue;
  const plan = clientTasks.plan_client([catalogue], { server: 'https://api.example.com' });
  expect(JSON.parse(plan.document)).toMatchObject({
    paths: { '/things': { head: { responses: { 200: { description: 'ok' } } } } },
  });
  expect(plan.document).not.toContain('content');
  expect(plan.exchanges.map(({ response }) => [response.status, response.body])).toEqual([[200, null]]);
});

it('gives no names to the items of a list that stands in a choice', async () => {
  const has = { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string', enum: ['patch', 'fix'] } }] };
  const { Thing } = await written({ Thing: { type: 'object', properties: { has } } });
  expect(Thing?.['properties']).toEqual({
    has: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  });
});

it('gives each GraphQL field a path, its variables as the body and its value as the answer', async () => {
  const text = readFileSync(new URL('../../../test/apis/documents/library.graphql', import.meta.url), 'utf8');
  const catalogue = (await readSource({ text, format: 'auto', url: undefined, files: {} })) as Catalogue;
  const { document, operations, left_out } = openapiOf(catalogue, 'https://library.example/graphql');
  expect(left_out).toEqual([]);
  expect(operations.map(({ id, operation }) => [id, operation.path, operation.graphql?.split(/[({]/)[0]])).toEqual([
    ['book', '/query/book', 'query book'],
    ['books', '/query/books', 'query books'],
    ['add_book', '/mutation/addBook', 'mutation addBook'],
    ['delete_book', '/mutation/deleteBook', 'mutation deleteBook'],
  ]);
  const { paths, components } = document as {
    paths: Record<string, { post: JsonSchema }>;
    components: { schemas: Record<string, JsonSchema> };
  };
  expect(paths['/query/book']?.post).toMatchObject({
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { properties: { id: { type: 'string' } }, required: ['id'] } } },
    },
    responses: {
      200: {
        content: {
          'application/json': { schema: { nullable: true, allOf: [{ $ref: expect.any(String) as string }] } },
        },
      },
    },
    security: [{ bearer: [] }],
  });
  expect(paths['/query/books']?.post['requestBody']).toMatchObject({ required: false });
  const plan = clientTasks.plan_client([catalogue], { server: null });
  expect(plan.operations.map(({ id, paging }) => [id, paging?.items_field ?? null])).toEqual([
    ['book', null],
    ['books', 'nodes'],
    ['add_book', null],
    ['delete_book', null],
  ]);
  expect(plan.operations[1]?.paging).toMatchObject({ param: 'after', next_field: 'pageInfo.endCursor' });
  // What a mutation returns is selected as deeply as what a query returns: one type.
  const answerOf = (path: string) => JSON.stringify(paths[path]?.post['responses']).match(/schemas\/(\w+)"/)?.[1] ?? '';
  expect(answerOf('/mutation/addBook')).toBe(answerOf('/query/book'));
  expect(components.schemas[answerOf('/query/book')]).toMatchObject({
    properties: { title: { type: 'string' }, genre: { type: 'string', nullable: true } },
    required: ['__typename', 'id', 'title', 'genre', 'author', 'sequel'],
  });
});
