import fc from 'fast-check';
import { checkDefinition } from './definition-check.js';

const codesOf = (definition: unknown): string[] =>
  checkDefinition(definition).faults.map(({ path, code }) => `${path} ${code}`);
const step = (id: string, fields: object = {}): object => ({ id, transform: '1', ...fields });
const flow = (...steps: object[]): object => ({ timeout_seconds: 60, steps });

describe('checking a definition', () => {
  it('finds nothing wrong with the flow of the documentation', () => {
    expect(
      codesOf({
        input_schema: { type: 'object', required: ['order_id'], properties: { order_id: { type: 'string' } } },
        timeout_seconds: 86400,
        concurrency: { key: '${{ input.order_id }}', policy: 'queue' },
        steps: [
          { id: 'order', call: { integration: 'shop', operation: 'getOrder', input: { id: '${{ input.order_id }}' } } },
          {
            ...{ id: 'judge', needs: ['order'] },
            agent: { agent_id: 'proj_1:judge', input: 'Refund order ${{ steps.order.output.id }}?' },
          },
          {
            ...{ id: 'person', needs: ['judge', 'order'], when: 'steps.order.output.total > 100' },
            approval: { roles: ['admin'], expires_seconds: 86400, on_expiry: 'reject' },
          },
          {
            ...{ id: 'refund', needs: ['person'], idempotency_key: 'refund-${{ input.order_id }}' },
            call: { integration: 'shop', operation: 'createRefund', input: { order: '${{ input.order_id }}' } },
            retry: { max_attempts: 5, initial_seconds: 1, factor: 2, max_seconds: 60, jitter: true },
            compensate: {
              call: { integration: 'shop', operation: 'cancelRefund', input: { id: '${{ steps.refund.output.id }}' } },
            },
          },
        ],
        output: '${{ steps.refund.output }}',
      }),
    ).toEqual([]);
  });

  it('reports every fault at once, each with its place', () => {
    expect(
      codesOf(
        flow(
          step('a', { needs: ['a', 'ghost'] }),
          step('b', { needs: ['c'] }),
          step('c', { needs: ['b'] }),
          step('d', { needs: ['c'] }),
          step('a'),
          step('e', { transform: 'steps.d.output + steps.nobody.output' }),
          step('f', { when: 'false', transform: 'item' }),
          step('g', { transform: '1 +' }),
          step('h', { on_error: { goto: 'a' } }),
          { id: 'i', approval: {}, retry: {} },
          step('j', { transform: 'steps[input.x].output' }),
        ),
      ),
    ).toEqual([
      'steps[4].id duplicate_id',
      'steps[0].needs[0] cycle',
      'steps[0].needs[1] unknown_step',
      'steps[1].needs cycle',
      'steps[3] unreachable',
      'steps[6].when unreachable',
      'steps[5].transform not_needed',
      'steps[5].transform unknown_step',
      'steps[6].transform variable',
      'steps[7].transform expression',
      'steps[8].on_error.goto goto',
      'steps[9].retry not_applicable',
      'steps[10].transform expression',
    ]);
  });

  it('says what to do about each', () => {
    const [fault] = checkDefinition(flow(step('order'), step('b', { needs: ['ordr'] }))).faults;
    expect(fault).toEqual({
      path: 'steps[1].needs[0]',
      code: 'unknown_step',
      message: 'There is no step "ordr".',
      suggestion: 'Use one of: order.',
    });
  });

  it('finds steps without a kind or with several, and unknown fields, at any depth', () => {
    const inner = { id: 'b', transform: '1', http: { url: 'https://a.example' } };
    const document = {
      steps: [{ id: 'a' }, { id: 'l', for_each: { items: [1], steps: [inner] } }, step('z', { nedds: [] })],
    };
    expect(codesOf(document)).toEqual([
      'steps[0] step_kind',
      'steps[1].for_each.steps[0] step_kind',
      'steps[2] schema',
    ]);
  });

  it('lets inner steps read what the steps around them wait for, and nothing else of outside', () => {
    const list = (inner: object) => ({
      id: 'list',
      needs: ['a'],
      for_each: { items: 'steps.a.output', steps: [inner] },
    });
    expect(codesOf(flow(step('a'), list(step('x', { transform: 'steps.a.output + item + index' }))))).toEqual([]);
    expect(codesOf(flow(step('a'), step('b'), list(step('x', { transform: 'steps.b.output' }))))).toEqual([
      'steps[2].for_each.steps[0].transform not_needed',
    ]);
    expect(codesOf(flow(step('a'), list(step('x')), step('y', { needs: ['x'] })))).toEqual([
      'steps[2].needs[0] unknown_step',
    ]);
  });

  it('keeps to the limits of steps, depth and size', () => {
    const nested = (depth: number): object =>
      depth === 0 ? step('s0') : { id: `s${depth}`, for_each: { items: [1], steps: [nested(depth - 1)] } };
    expect(codesOf(flow(nested(4)))).toEqual([]);
    expect(codesOf(flow(nested(5)))).toEqual([
      'steps[0].for_each.steps[0].for_each.steps[0].for_each.steps[0].for_each.steps[0].for_each.steps limit',
    ]);
    const long = 'x'.repeat(19_000);
    const many = Array.from({ length: 20 }, (_, index) => ({ id: `c${index}`, code: { source: long } }));
    expect(codesOf(flow(...many))).toEqual([' limit']);
  });

  it('answers faults for any document, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.jsonValue({ maxDepth: 3 }), (document, inside) => {
        expect(Array.isArray(checkDefinition(document).faults)).toBe(true);
        expect(checkDefinition({ steps: [inside] }).faults.length).toBeGreaterThan(0);
      }),
    );
  });
});
