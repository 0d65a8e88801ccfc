import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { load } from 'js-yaml';
import type { DocumentFault } from '../catalogue/operation.js';
import { readSource } from './read-source.js';
import { at } from './schema-collector.js';
import { DocumentFaults } from './source-text.js';

const DOCUMENTS = new URL('../../../test/apis/documents/', import.meta.url);
const RUNS = 50;

type Outcome = 'read' | DocumentFault[];

async function outcomeOf(text: string): Promise<Outcome> {
  try {
    await readSource({ text, format: 'auto', url: undefined, files: {} });
    return 'read';
  } catch (error) {
    // Anything else would be answered as a fault of the platform.
    if (error instanceof DocumentFaults) return error.faults;
    throw error;
  }
}

/** Every fault has a message and a line of the text; its pointer leads into the document, or to what is missing there. */
function expectPlaces(outcome: Outcome, text: string, document?: unknown): void {
  if (outcome === 'read') return;
  expect(outcome.length).toBeGreaterThan(0);
  const lines = text.split('\n').length;
  for (const { pointer, line, column, message } of outcome) {
    expect([message === '', line === null || line < 1 || line > lines, column === null || column < 1]).toEqual([
      ...[false, false, false],
    ]);
    expect(pointer === '' || pointer.startsWith('/')).toBe(true);
    if (document === undefined || pointer === '') continue;
    const above = pointer.slice(0, pointer.lastIndexOf('/'));
    expect([pointer, above === '' || at(document, above) !== undefined]).toEqual([pointer, true]);
  }
}

/** Steps to every value below a document. */
function placesIn(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, child]) => placesIn(child, [...at, key]))];
}

const WRONG: unknown[] = [null, 7, 'text', [], {}, true, -1, '', { $ref: '#/nowhere' }, { $ref: '#' }, [[[]]]];

/** A document with one value removed or replaced. */
function changed(document: unknown, steps: readonly string[], wrong: unknown, remove: boolean): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  let holder = copy;
  for (const step of steps.slice(0, -1)) holder = holder[step] as Record<string, unknown>;
  const last = steps.at(-1);
  if (last === undefined) return wrong;
  if (remove) delete holder[last];
  else holder[last] = wrong;
  return copy;
}

const LIBRARY = 'library.graphql';
const INTROSPECTION = 'the introspection of library.graphql';
/** OpenAPI 2.0, 3.0, 3.1, Postman 2.0, 2.1, AsyncAPI 2.6, 3.0, and GraphQL in both forms. */
const names = [...readdirSync(DOCUMENTS), INTROSPECTION];
const read = (name: string): string => readFileSync(new URL(name, DOCUMENTS), 'utf8');
const textOf = (name: string): string =>
  name === INTROSPECTION ? JSON.stringify(introspectionFromSchema(buildSchema(read(LIBRARY))), null, 1) : read(name);

it('has documents of every format', () => {
  expect(
    names.filter((name) => !name.endsWith('graphql')).map((name) => name.replace(/^\w+\./, '').replace(/\.\w+$/, '')),
  ).toEqual(
    expect.arrayContaining([
      'swagger-2.0',
      'openapi-3.0',
      'openapi-3.1',
      'postman-2.0',
      'postman-2.1',
      'asyncapi-2.6',
      'asyncapi-3.0',
    ]),
  );
});

describe('documents that are broken in fifty ways', () => {
  it.each(names.filter((name) => name !== LIBRARY))('%s: values of the wrong kind, or missing', async (name) => {
    const document: unknown = load(textOf(name));
    const places = placesIn(document);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.constantFrom(...WRONG),
        fc.boolean(),
        async (steps, wrong, remove) => {
          const broken = changed(document, steps, wrong, remove);
          const text = JSON.stringify(broken, null, 1) ?? '';
          const outcome = await outcomeOf(text);
          expectPlaces(outcome, text, broken);
          if (outcome !== 'read') refused++;
        },
      ),
      { numRuns: RUNS },
    );
    expect(refused).toBeGreaterThan(0);
  });

  it.each(names)('%s: characters removed, repeated or put in', async (name) => {
    const text = textOf(name);
    const piece = fc.constantFrom('', '{', '}', '[', '"', ':', '\t', '&a', '*a', '\u0000', '---\n', '$ref', '\ud800');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(200), piece, async (start, length, put) => {
        const broken = text.slice(0, start) + put + text.slice(start + length);
        expectPlaces(await outcomeOf(broken), broken);
      }),
      { numRuns: RUNS },
    );
  });

  it.each(names)('%s: cut off', async (name) => {
    const text = textOf(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), async (end) => {
        const cut = text.slice(0, end);
        expectPlaces(await outcomeOf(cut), cut);
      }),
      { numRuns: RUNS },
    );
  });
});
