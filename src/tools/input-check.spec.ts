import { InputCheck } from './input-check.js';

const check = new InputCheck();

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
    const started = performance.now();
    await check.require('t', schema, { a: `${'a'.repeat(50)}!`, [`${'b'.repeat(50)}!`]: 'x' });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('says why a schema is none', async () => {
    expect(await check.problemOf({ type: 'object' })).toBeUndefined();
    expect(await check.problemOf({ type: 'nothing' })).toContain('type');
    expect(await check.problemOf({ type: 'object', properties: { a: { $ref: 'https://example.com/x' } } })).toContain(
      "can't resolve",
    );
  });
});
