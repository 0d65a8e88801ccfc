import { InputCheck, ToolWorkers } from './tool-workers.js';

const workers = new ToolWorkers();
const check = new InputCheck(workers);

afterAll(() => workers.onApplicationShutdown());

/** Each definition refers to the next one twice, so the leaf is looked at 2^levels times. */
function doubled(levels: number): Record<string, unknown> {
  const next = (level: number) => ({ $ref: `#/$defs/d${level + 1}` });
  const definitions = Array.from({ length: levels }, (_, level) => [
    `d${level}`,
    { anyOf: [next(level), next(level)] },
  ]);
  return {
    type: 'object',
    properties: { a: { $ref: '#/$defs/d0' } },
    $defs: { ...(Object.fromEntries(definitions) as object), [`d${levels}`]: { type: 'number' } },
  };
}

function nested(levels: number): Record<string, unknown> {
  let schema: Record<string, unknown> = { type: 'object' };
  for (let level = 0; level < levels; level++) schema = { type: 'object', properties: { a: schema } };
  return schema;
}

/** How often a timer of 10 milliseconds fires during the work: a blocked event loop fires none. */
async function ticksDuring(work: Promise<unknown>): Promise<number> {
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), 10);
  try {
    await work;
  } finally {
    clearInterval(ticking);
  }
  return ticks;
}

describe('InputCheck', () => {
  it('names what is wrong', async () => {
    const schema = {
      type: 'object',
      properties: { size: { enum: ['s', 'm'] }, n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    };
    await expect(check.require('shop', schema, { n: 1, size: 's' })).resolves.toBeUndefined();
    await expect(check.require('shop', schema, {})).rejects.toThrow("input must have required property 'n'");
    await expect(check.require('shop', schema, { n: 1, size: 'x' })).rejects.toThrow(
      'size must be equal to one of the allowed values (s, m)',
    );
    await expect(check.require('shop', schema, { n: 1, extra: 1 })).rejects.toThrow('(extra)');
    await expect(check.require('shop', schema, null)).rejects.toMatchObject({ name: 'ToolError' });
  });

  it('checks for one organization while another has many slow checks waiting', async () => {
    const input = { a: 'x' };
    let ended = 0;
    const slow = Array.from({ length: 6 }, () =>
      check.require('slow', doubled(24), input, 'org_greedy').catch(() => (ended += 1)),
    );
    await expect(check.require('shop', nested(1), {}, 'org_modest')).resolves.toBeUndefined();
    // In the order of arrival it would wait for four of them.
    expect(ended).toBeLessThan(4);
    await Promise.all(slow);
    expect(ended).toBe(6);
  });

  it('follows circular definitions and ignores what a schema calls itself', async () => {
    const tree = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'https://example.com/tree',
      type: 'object',
      properties: { tree: { $ref: '#/$defs/Tree' } },
      $defs: { Tree: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/Tree' } } } } },
    };
    await expect(check.require('t', tree, { tree: { children: [{ children: [] }] } })).resolves.toBeUndefined();
    await expect(check.require('t', tree, { tree: { children: [{ children: 7 }] } })).rejects.toThrow('must be array');
  });

  it('never runs the regular expressions of a schema', async () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^(a+)+$' } },
      patternProperties: { '^(b+)+$': { type: 'string' } },
      additionalProperties: false,
    };
    const input = { a: `${'a'.repeat(50)}!`, [`${'b'.repeat(50)}!`]: 'x' };
    await expect(check.require('t', schema, input)).resolves.toBeUndefined();
  });

  it.each([
    ['doubled references', doubled(40), { a: 'x' }],
    [
      'unique items of a large array',
      { type: 'object', properties: { a: { type: 'array', uniqueItems: true } } },
      { a: Array.from({ length: 30_000 }, (_, n) => ({ n })) },
    ],
  ])('gives up on %s while the event loop goes on', async (_, schema, input) => {
    // Which bound it meets first, a second or 64 MB, depends on the machine.
    const checked = expect(check.require('t', schema, input)).rejects.toThrow(
      /^The input of t could not be checked: checking it (takes too long|needs too much memory)\.$/,
    );
    expect(await ticksDuring(checked)).toBeGreaterThan(10);
    await expect(check.require('t', { type: 'object' }, {})).resolves.toBeUndefined();
  });

  it('reports one fault, however many there are', async () => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: { type: 'number' } } } };
    await expect(check.require('t', schema, { a: Array(10_000).fill('x') })).rejects.toThrow(
      /^The input of t is not valid: a\.0 must be number$/,
    );
  });

  it.each([
    ['that refers to itself', { type: 'object', allOf: [{ $ref: '#' }] }, 'endless cycle'],
    ['of too many levels', nested(100), 'more than 20000 values or 64 levels'],
    [
      'of too many values',
      { type: 'object', properties: { a: { enum: Array.from({ length: 30_000 }, (_, n) => n) } } },
      'more than 20000 values',
    ],
    [
      'of references in a circle',
      { type: 'object', $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
      'endless cycle',
    ],
  ])('refuses a schema %s', async (_, schema, problem) => {
    expect(await check.problemOf(schema)).toContain(problem);
  });

  it('says why a schema is not valid', async () => {
    expect(await check.problemOf({ type: 'object' })).toBeUndefined();
    expect(await check.problemOf({ type: 'nothing' })).toContain('type');
    expect(await check.problemOf({ type: 'object', properties: { a: { $ref: 'https://example.com/x' } } })).toContain(
      "can't resolve",
    );
  });
});
