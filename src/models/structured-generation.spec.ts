import { z } from 'zod';
import { portableSchema } from './structured-generation.js';

describe('portableSchema', () => {
  it('says bounds in words, closes objects and requires every property', () => {
    const schema = z.object({
      name: z.string().min(3).max(9).describe('A slug'),
      note: z.string().max(5).nullable(),
      steps: z.array(z.object({ n: z.int().min(1) })).max(4),
    });
    expect(portableSchema(schema)).toEqual({
      type: 'object',
      properties: {
        name: { type: 'string', description: 'A slug; at least 3 characters, at most 9 characters' },
        note: { anyOf: [{ type: 'string', description: 'at most 5 characters' }, { type: 'null' }] },
        steps: {
          type: 'array',
          description: 'at most 4 items',
          items: {
            type: 'object',
            properties: { n: { type: 'integer', description: 'at least 1' } },
            required: ['n'],
            additionalProperties: false,
          },
        },
      },
      required: ['name', 'note', 'steps'],
      additionalProperties: false,
    });
  });

  it('keeps a property that is called like a keyword', () => {
    const { properties } = portableSchema(z.object({ pattern: z.string(), format: z.literal('a') }));
    expect(properties).toEqual({ pattern: { type: 'string' }, format: { type: 'string', const: 'a' } });
  });
});
