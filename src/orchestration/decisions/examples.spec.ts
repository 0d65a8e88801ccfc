import { readFileSync } from 'node:fs';
import { parseContext } from './decision-context.js';
import { assess, canonicalJson } from './engine/decision-engine.js';
import { seedOf } from './engine/simulation.js';

interface Property {
  example?: unknown;
}

const { schemas } = (
  JSON.parse(readFileSync('openapi.json', 'utf8')) as {
    components: { schemas: Record<string, { properties: Record<string, Property> }> };
  }
).components;

/** The example of each field that has one. */
const examplesOf = (name: string): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(schemas[name]?.properties ?? {}).flatMap(([field, { example }]) =>
      example === undefined ? [] : [[field, example]],
    ),
  );

describe('the examples of the OpenAPI document', () => {
  const given = examplesOf('CreateDecisionDto')['context'];
  const { inputs, risk, returns, simulation, sensitivity, priority, assumed_inputs, missing_inputs } = assess(
    parseContext(given),
    new Map(),
    seedOf(canonicalJson(given), 0),
  );

  it.each([
    ['DecisionInputsDto', inputs],
    ['DecisionRiskDto', risk],
    ['DecisionReturnsDto', returns],
    ['DecisionSimulationDto', simulation],
    ['PercentilesDto', simulation?.roi_percent],
    ['SensitivityDto', sensitivity],
    ['SwingDto', sensitivity?.inputs.find(({ input }) => input === sensitivity.moves_roi_most)],
    ['BudgetFitDto', { budget: 50_000, over_by: 0, probability_within: simulation?.probability_within_budget }],
  ])('of %s are what the rules compute for the example context', (name, computed) => {
    const examples = examplesOf(name);
    expect(Object.keys(examples)).not.toEqual([]);
    expect(computed).toMatchObject(examples);
  });

  it('of the analysis name the priority and the assumed inputs of the example context', () => {
    expect(examplesOf('DecisionAnalysisDto')).toMatchObject({ priority, assumed_inputs, missing_inputs });
  });
});
