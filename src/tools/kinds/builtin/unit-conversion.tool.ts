import { z } from 'zod';
import { lazily } from '../../../platform/async/lazily.js';
import { defineTool, ToolError } from '../../tool.js';

const loadUnits = lazily(() => import('../../../shared/units.js'));

/** Doubles carry 15 to 17 digits; 12 hide the rounding noise of factors. */
const SIGNIFICANT_DIGITS = 12;

export const unitConversion = defineTool({
  name: 'unit_conversion',
  display_name: 'Unit conversion',
  description:
    'Converts a value between units of length, mass, volume, area, temperature, speed, time, data, energy, power, pressure, force and angle. Not currencies: those need a rate of the day.',
  schema: z.object({
    value: z.number().describe('The value to convert'),
    from: z.string().min(1).max(60).describe('Unit of the value, for example "km", "pounds", "celsius", "km/h"'),
    to: z.string().min(1).max(60).describe('Unit to convert to'),
  }),
  examples: [
    { input: { value: 10, from: 'km', to: 'miles' }, expected: { result: 6.21371192237 } },
    { input: { value: 100, from: 'celsius', to: 'fahrenheit' }, expected: { result: 212 } },
    { input: { value: 100, from: 'km/h', to: 'mph' }, expected: { result: 62.1371192237 } },
  ],
  keywords: [
    'units?',
    'unit conversions?',
    'convert(?:s|er|ing)?',
    'conversions?',
    'kilomet(?:er|re)s?',
    'miles?',
    'kilograms?',
    'pounds?',
    'celsius',
    'fahrenheit',
    'metric',
    'imperial',
    'temperatures?',
    'distances?',
    'weights?',
    'recipes?',
    'measurements?',
    'lit(?:er|re)s?',
    'gallons?',
    'cooking',
  ],
  run: async ({ value, from, to }) => {
    const { convertUnits, parseUnit } = await loadUnits();
    const [source, target] = [known(parseUnit(from), from), known(parseUnit(to), to)];
    const converted = convertUnits(value, source, target);
    if (converted === undefined) throw new ToolError(`"${from}" and "${to}" measure different things.`);
    if (!Number.isFinite(converted)) throw new ToolError('The result is too large.');
    return { value, from, to, result: Number(converted.toPrecision(SIGNIFICANT_DIGITS)) };
  },
});

function known<T>(unit: T | undefined, text: string): T {
  if (!unit) throw new ToolError(`The unit "${text}" is not known.`);
  return unit;
}
