import { readSource } from '../formats/read-source.js';
import { compare } from './compare.js';
import type { Catalogue } from './operation.js';

async function catalogueOf(schemas: object): Promise<Catalogue> {
  const thing = { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } };
  const paths = {
    '/things': {
      post: {
        operationId: 'addThing',
        requestBody: { content: thing },
        responses: { 201: { description: 'ok', content: thing } },
      },
    },
  };
  const document = { openapi: '3.1.0', info: { title: 'Things', version: '1' }, paths, components: { schemas } };
  return (await readSource({ text: JSON.stringify(document), format: 'auto', url: undefined, files: {} })) as Catalogue;
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const changesOf = async (before: object, after: object) =>
  compare(await catalogueOf(before), await catalogueOf(after)).changes.map(({ breaking, change, place }) => [
    ...[breaking, change, place],
  ]);

it('looks behind a reference that may be null, also in circles', async () => {
  const owner = (properties: object) => ({
    Thing: { type: 'object', properties: { owner: { anyOf: [ref('Owner'), { type: 'null' }] } } },
    Owner: { type: 'object', properties: { ...properties, boss: { oneOf: [{ type: 'null' }, ref('Owner')] } } },
  });
  const [before, after] = [
    owner({ id: { type: 'string' }, age: { type: 'integer' } }),
    owner({ age: { type: 'string' } }),
  ];
  expect(await changesOf(before, after)).toEqual([
    [true, 'type-changed', 'input.body.owner.age'],
    [true, 'output-field-removed', 'output.owner.id'],
    [true, 'type-changed', 'output.owner.age'],
    [false, 'input-removed', 'input.body.owner.id'],
  ]);
});

it('notices that an answer may be null from now on', async () => {
  const owner = (schema: object) => ({
    Thing: { type: 'object', properties: { owner: schema } },
    Owner: { type: 'object' },
  });
  expect(await changesOf(owner(ref('Owner')), owner({ anyOf: [ref('Owner'), { type: 'null' }] }))).toEqual([
    [true, 'type-changed', 'output.owner'],
    [false, 'type-changed', 'input.body.owner'],
  ]);
});

it('compares what can be chosen', async () => {
  const animals = { Cat: { type: 'object', properties: { lives: { type: 'integer' } } }, Dog: { type: 'object' } };
  const tame = { ...animals, Cat: { type: 'object' } };
  const of = (...names: string[]) => ({ Thing: { oneOf: names.map(ref) } });
  expect(
    await changesOf({ ...of('Cat', 'Dog', 'Cow'), ...animals, Cow: {} }, { ...of('Cat', 'Dog'), ...tame }),
  ).toEqual([
    [true, 'choice-removed', 'input.body'],
    [true, 'output-field-removed', 'output.lives'],
    [false, 'input-removed', 'input.body.lives'],
    [false, 'choice-removed', 'output'],
  ]);
});
