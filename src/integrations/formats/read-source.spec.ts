import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { type Catalogue, inputSchemaOf, type Operation } from '../catalogue/operation.js';
import { DocumentFaults } from './source-text.js';
import { readSource } from './read-source.js';

const document = (name: string): string =>
  readFileSync(new URL(`../../../test/apis/documents/${name}`, import.meta.url), 'utf8');

async function read(text: string, files: Record<string, string> = {}, url?: string): Promise<Catalogue> {
  const found = await readSource({ text, format: 'auto', url, files });
  if ('missing' in found) throw new Error(`missing ${found.missing.join(', ')}`);
  return found;
}

async function faultsOf(text: string, format: 'auto' | 'openapi' | 'postman' | 'graphql' | 'asyncapi' = 'auto') {
  try {
    await readSource({ text, format, url: undefined, files: {} });
  } catch (error) {
    if (error instanceof DocumentFaults) return error.faults;
    throw error;
  }
  return [];
}

const named = ({ operations }: Catalogue, name: string): Operation => {
  const found = operations.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name} in ${operations.map((one) => one.name).join(', ')}`);
  return found;
};

describe('OpenAPI 3.1', () => {
  it('becomes operations with parameters, bodies, answers, pages, risks and authentication', async () => {
    const catalogue = await read(document('books.openapi-3.1.yaml'));
    expect(catalogue).toMatchObject({
      format: 'openapi',
      format_version: '3.1.0',
      title: 'Books',
      servers: ['https://books.example/v1'],
    });
    expect(catalogue.operations.map(({ name, method, risk }) => [name, method, risk])).toEqual([
      ['listBooks', 'GET', 'read'],
      ['addBook', 'POST', 'write'],
      ['getBook', 'GET', 'read'],
      ['deleteBook', 'DELETE', 'destructive'],
    ]);
    expect(named(catalogue, 'listBooks')).toMatchObject({
      pagination: {
        kind: 'cursor',
        param: 'cursor',
        size_param: 'limit',
        next_field: 'next_cursor',
        items_field: 'items',
      },
      rate_limit: { headers: ['retry-after'] },
      auth: [[{ name: 'key', type: 'api_key', in: 'header', param: 'X-Api-Key' }]],
      pointer: '/paths/~1books/get',
    });
    expect(inputSchemaOf(named(catalogue, 'getBook'))).toEqual({
      type: 'object',
      properties: { id: { type: 'string', description: 'The number of the book' } },
      required: ['id'],
      additionalProperties: false,
    });
    expect(catalogue.schemas['Book']).toMatchObject({ properties: { sequel: { $ref: '#/$defs/Book' } } });
  });

  it('keeps the ids of operations when other things change', async () => {
    const text = document('books.openapi-3.1.yaml');
    const before = await read(text);
    const after = await read(
      text.replaceAll('{id}', '{book}').replaceAll('name: id', 'name: book').replace('getBook', 'fetchBook'),
    );
    const ids = ({ operations }: Catalogue) => operations.map(({ operation_id }) => operation_id);
    expect(ids(after)).toEqual(ids(before));
    expect(new Set(ids(before)).size).toBe(4);
  });

  it('follows references to other files, relative to its own address', async () => {
    const text = document('books.openapi-3.1.yaml').replace(
      "{ $ref: '#/components/schemas/NewBook' }",
      "{ $ref: 'parts/new.yaml#/NewBook' }",
    );
    const request = { text, format: 'auto' as const, url: 'https://books.example/api.yaml' };
    expect(await readSource({ ...request, files: {} })).toEqual({ missing: ['https://books.example/parts/new.yaml'] });
    const files = {
      'https://books.example/parts/new.yaml':
        'NewBook: { type: object, required: [name], properties: { name: { type: string } } }',
    };
    const catalogue = (await readSource({ ...request, files })) as Catalogue;
    expect(JSON.stringify([named(catalogue, 'addBook').body, catalogue.schemas])).toContain('"required":["name"]');
  });

  it('names the line of a list for its empty item', async () => {
    const text = 'openapi: 3.1.0\ninfo: { title: T, version: "1" }\npaths:\n  /a:\n    parameters:\n      -\n';
    expect((await faultsOf(text)).map(({ pointer, line, column }) => [pointer, line, column])).toEqual([
      ['/paths/~1a/parameters/0', 5, 5],
    ]);
  });

  it('names every fault with its pointer and line', async () => {
    const text = document('books.openapi-3.1.yaml')
      .replace('version: 1.2.0', 'version: 12')
      .replace("items: { $ref: '#/components/schemas/Book' }", "items: { $ref: '#/components/schemas/Bok' }");
    const faults = await faultsOf(text);
    expect(faults).toEqual([
      expect.objectContaining({ pointer: '/info/version', line: 2, message: 'must be string' }),
      expect.objectContaining({
        pointer: '/paths/~1books/get/responses/200/content/application~1json/schema/properties/items/items/$ref',
        line: 25,
        message: 'refers to #/components/schemas/Bok, which does not exist',
      }),
    ]);
  });

  it.each([
    ['{"openapi": "3.1.0", }', { line: 1, column: 22 }],
    ['openapi: 3.1.0\ninfo: [', { line: 2 }],
    ['', { line: 1, message: 'is empty' }],
    ['just words', { pointer: '', message: expect.stringContaining('is not OpenAPI') as string }],
    ['openapi: 4.0.0\ninfo: {}', { pointer: '/openapi', line: 1 }],
    ['openapi: 3.0.0\ninfo: { title: a, version: b }\npaths: {}', { message: 'describes no operation' }],
  ])('refuses %j', async (text, fault) => {
    expect(await faultsOf(text)).toEqual([expect.objectContaining(fault)]);
  });

  it('refuses aliases that write out to more than memory holds', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(',')}]`,
    );
    const [fault] = await faultsOf(`openapi: 3.1.0\nl0: &l0 [x]\n${levels.join('\n')}`);
    expect(fault?.message).toMatch(/more than 4000000 values/);
  });
});

describe('OpenAPI 2.0', () => {
  it('becomes the same model', async () => {
    const catalogue = await read(document('orders.swagger-2.0.json'));
    expect(catalogue.servers).toEqual(['https://orders.example/api']);
    expect(named(catalogue, 'orders_list')).toMatchObject({
      pagination: { kind: 'offset', param: 'offset', size_param: 'limit', items_field: '' },
      auth: [[{ type: 'basic' }]],
    });
    expect(named(catalogue, 'orders_list').parameters[2]).toMatchObject({
      style: 'form',
      explode: false,
      schema: { type: 'array' },
    });
    expect(named(catalogue, 'orders_create').body).toEqual({
      content_type: 'application/json',
      required: true,
      schema: { $ref: '#/$defs/Order' },
    });
    expect(named(catalogue, 'orders_attach').body).toEqual({
      content_type: 'multipart/form-data',
      required: true,
      schema: {
        type: 'object',
        properties: { file: { type: 'string', format: 'binary' }, note: { type: 'string' } },
        required: ['file'],
      },
    });
    expect(catalogue.schemas['Order']).toMatchObject({
      properties: { total: { exclusiveMinimum: 0 }, note: { type: ['string', 'null'] } },
    });
  });
});

describe('Postman', () => {
  it('resolves variables, folders and inherited authentication', async () => {
    const catalogue = await read(document('tickets.postman-2.1.json'));
    expect(catalogue).toMatchObject({ format: 'postman', format_version: '2.1', servers: ['https://tickets.example'] });
    expect(catalogue.operations.map(({ name, method, path, risk }) => [name, method, path, risk])).toEqual([
      ['Tickets_List_tickets', 'GET', '/v2/tickets', 'read'],
      ['Tickets_Comments_Add_a_comment', 'POST', '/v2/tickets/{ticket_id}/comments', 'write'],
      ['Sign_in', 'POST', '/v2/login', 'write'],
      ['Health', 'GET', '/v2/health/{region}', 'read'],
    ]);
    const [list, comment, signIn, health] = catalogue.operations;
    expect(list).toMatchObject({
      headers: { 'x-project': 'P1' },
      auth: [[{ type: 'bearer' }]],
      pagination: { kind: 'page', param: 'page', size_param: 'per_page', items_field: 'data' },
      tags: ['Tickets'],
    });
    expect(comment).toMatchObject({
      auth: [[{ type: 'api_key', in: 'header', param: 'X-Key' }]],
      body: {
        content_type: 'application/json',
        schema: { properties: { text: { type: 'string' }, internal: { type: 'boolean' } } },
      },
    });
    expect(signIn).toMatchObject({ auth: [], body: { content_type: 'application/x-www-form-urlencoded' } });
    expect(health?.auth).toEqual([[{ name: 'bearer', type: 'bearer' }]]);
    expect(JSON.stringify(catalogue)).not.toContain('a-secret-that-must-not-be-kept');
    expect(catalogue.notes.map(({ rule }) => rule)).toContain('scripts-not-run');
  });

  it('names every fault', async () => {
    const broken = { info: { schema: 'v2.1.0' }, item: [{ request: { method: 7, url: {} } }, { item: 'x' }], auth: {} };
    expect((await faultsOf(JSON.stringify(broken, null, 1))).map(({ pointer }) => pointer).toSorted()).toEqual([
      '/auth/type',
      '/info/name',
      '/item/0/request/method',
      '/item/0/request/url',
      '/item/1/item',
    ]);
  });
});

describe('GraphQL', () => {
  it('makes each query and mutation an operation whose query the schema accepts', async () => {
    const text = document('library.graphql');
    const catalogue = await read(text);
    expect(catalogue.operations.map(({ name, risk, deprecated }) => [name, risk, deprecated])).toEqual([
      ['book', 'read', false],
      ['books', 'read', false],
      ['addBook', 'write', false],
      ['deleteBook', 'destructive', true],
    ]);
    const schema = buildSchema(text);
    for (const { graphql = '' } of catalogue.operations) expect(validate(schema, parse(graphql))).toEqual([]);
    expect(inputSchemaOf(named(catalogue, 'books'))).toMatchObject({
      required: [],
      properties: { filter: { $ref: '#/$defs/BookFilter' } },
    });
    expect(named(catalogue, 'books').graphql).toContain('nodes { __typename id title genre');
  });

  it('names the place of an introspected name that is no text', async () => {
    const types = [
      { kind: 'OBJECT', name: 'Query', fields: [], interfaces: [] },
      { kind: 'ENUM', name: 'Genre', enumValues: [{ name: null, isDeprecated: false }] },
    ];
    const schema = { queryType: { name: 'Query' }, types, directives: [] };
    const faults = await faultsOf(JSON.stringify({ __schema: schema }, null, 1));
    expect(faults.map(({ pointer, line }) => [pointer, line])).toEqual([['/__schema/types/1/enumValues/0/name', 18]]);
  });

  it('names faults with their lines', async () => {
    expect(await faultsOf('type Query {\n  a: Strin\n  b(: Int\n}')).toEqual([expect.objectContaining({ line: 3 })]);
    expect(await faultsOf('type Query {\n  a: Strin\n}')).toEqual([
      expect.objectContaining({ line: 2, message: 'Unknown type "Strin". Did you mean "String"?' }),
    ]);
  });
});

describe('AsyncAPI', () => {
  it.each(['lights.asyncapi-2.6.yaml', 'lights.asyncapi-3.0.yaml'])('lists the messages of %s', async (name) => {
    const { operations } = await read(document(name));
    expect(operations.map((one) => one.callable)).toEqual([false, false]);
    expect(operations[0]).toMatchObject({
      name: 'onMeasured',
      path: 'lights/{id}/measured',
      risk: 'write',
      body: { schema: { properties: { lumens: { type: 'integer' } } } },
    });
  });

  it('names every fault', async () => {
    const faults = await faultsOf('asyncapi: 3.0.0\ninfo: {}\noperations: { a: { action: shout } }');
    expect(faults.map(({ pointer, line }) => [pointer, line])).toEqual([
      ['/info/title', 2],
      ['/info/version', 2],
      ['/operations/a/action', 3],
      ['/operations/a/channel', 3],
    ]);
  });
});

it('reads a document of 200 operations in under two seconds of CPU', async () => {
  const answer = (index: number) => ({
    description: 'ok',
    content: { 'application/json': { schema: { $ref: `#/components/schemas/Thing${index}` } } },
  });
  const paths = Array.from({ length: 100 }, (_, index): [string, object] => {
    const parameters = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
    const operation = (verb: string) => ({ operationId: verb + index, parameters, responses: { 200: answer(index) } });
    return [`/things${index}/{id}`, { get: operation('get'), put: operation('put') }];
  });
  const fields = Array.from({ length: 30 }, (_, index): [string, object] => [
    `field_${index}`,
    { type: 'string', description: 'A field' },
  ]);
  const schemas = paths.map((_, index): [string, object] => [
    `Thing${index}`,
    { type: 'object', properties: Object.fromEntries(fields) },
  ]);
  const text = JSON.stringify({
    ...{ openapi: '3.1.0', info: { title: 'Things', version: '1' }, paths: Object.fromEntries(paths) },
    components: { schemas: Object.fromEntries(schemas) },
  });
  const before = process.threadCpuUsage();
  const { operations } = await read(text);
  const { user, system } = process.threadCpuUsage(before);
  expect(operations.length).toBe(200);
  expect((user + system) / 1_000_000).toBeLessThan(2);
});
