import { type Intent, type Reply, type Turn, withTool } from '../intent.js';
import { type Quantity, readable, CURRENCY_WORD, digitsForWords } from '../quantity.js';
import { essence } from '../sentences.js';
import { resolveReferences } from './calculator.js';

/** Units that people write in passing; the tool knows more, these only tell a conversion from other sentences. */
const UNIT_WORD =
  /^(?:(?:square|cubic|sq|nautical|fluid|metric) )?(?:kilo|milli|centi|deci|micro|nano|mega|giga|tera|kibi|mebi|gibi)?(?:met(?:er|re)s?|m|grams?|g|lit(?:er|re)s?|l|bytes?|bits?|watts?|w|joules?|j|calories?|cal|pascals?|seconds?|volts?|hertz|hz|newtons?|tons?|tonnes?|miles?|mi|yards?|yd|feet|foot|ft|inch(?:es)?|in|pounds?|lbs?|ounces?|oz|stones?|gallons?|gal|quarts?|pints?|cups?|tablespoons?|tbsp|teaspoons?|tsp|ounces?|acres?|hectares?|ha|degrees?|radians?|celsius|fahrenheit|kelvin|centigrade|knots?|mph|kmh|kph|psi|bar|atm|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?)$|^(?:km|cm|mm|dm|nm|kg|mg|kgs|kms|ml|cl|dl|kb|mb|gb|tb|pb|kib|mib|gib|tib|kw|mw|kwh|wh|kj|kcal|kpa|°?[cfk]|degrees? (?:celsius|fahrenheit|kelvin)|s|sqm|sqft|m2|km2|ft2|m²|km²|ft²|min|sec|secs|hp|horsepower|decades?|centur(?:y|ies)|light years?|btu)$/i;

/** Also rates: "km/h", "miles per hour". */
function isUnit(text: string): boolean {
  const parts = text.split(/\/|\sper\s/i).map((part) => part.trim());
  return parts.length <= 2 && parts.every((part) => UNIT_WORD.test(part));
}

const NUMBER = String.raw`(-?\d[\d,]*(?:\.\d+)?|an?)`;
const UNIT = String.raw`([\p{L}°²/][\p{L}\d°²/ ]{0,30}?)`;
const FORWARD = new RegExp(String.raw`(?:^|\s)${NUMBER}\s*${UNIT}\s+(?:to|in|into|as)\s+${UNIT}$`, 'iu');
const BACKWARD = new RegExp(
  String.raw`how (?:many|much) ${UNIT} (?:are |is |do |does )?(?:there )?(?:(?:in|make|makes|equals?) )?${NUMBER}\s*${UNIT}$`,
  'iu',
);
const ELLIPTICAL = new RegExp(
  String.raw`^(?:(?:and|or|what about|how about|what is|what['’]s|how much is|convert|show)\s+)*(?:that |it |this )?(?:to|in|into|as)\s+${UNIT}$`,
  'iu',
);

/** "Convert 10 km to miles", "how many feet are in 2 meters", "and in yards?". */
export const unitConversionIntent: Intent = (turn) => {
  const asked = essence(turn.sentence);
  const text = digitsForWords(resolveReferences(asked, turn.memory, true).text);
  return compound(text, turn) ?? forward(text, turn) ?? backward(text, turn) ?? elliptical(asked, turn) ?? money(asked);
};

/** How many of the second unit make one of the first. */
const PARTS: readonly (readonly [RegExp, RegExp, number])[] = [
  [/^(?:feet|foot|ft)$/i, /^(?:inch(?:es)?|in)$/i, 12],
  [/^(?:pounds?|lbs?)$/i, /^(?:ounces?|oz)$/i, 16],
  [/^(?:hours?|h)$/i, /^(?:minutes?|mins?)$/i, 60],
];
const COMPOUND =
  /(?:^|\s)(\d{1,9})\s?(\p{L}{1,10})(?: and)? (\d{1,9}(?:\.\d{1,9})?)\s?(\p{L}{1,10}) (?:to|in|into|as) (\p{L}[\p{L} ]{0,30})$/iu;

/** "5 feet 11 inches in cm" */
function compound(text: string, turn: Turn): Reply | undefined {
  const [, whole = '', unit = '', rest = '', part = '', to = ''] = COMPOUND.exec(text) ?? [];
  const parts = PARTS.find(([first, second]) => first.test(unit) && second.test(part))?.[2];
  return parts === undefined ? undefined : conversion(String(Number(whole) + Number(rest) / parts), unit, to, turn);
}

function forward(text: string, turn: Turn): Reply | undefined {
  const [, value = '', from = '', to = ''] = FORWARD.exec(text) ?? [];
  return conversion(value, from, to, turn);
}

function backward(text: string, turn: Turn): Reply | undefined {
  const [, to = '', value = '', from = ''] = BACKWARD.exec(text) ?? [];
  return conversion(value, from, to, turn);
}

function elliptical(text: string, turn: Turn): Reply | undefined {
  const to = ELLIPTICAL.exec(text)?.[1] ?? '';
  const source = sourceOf(turn);
  return source?.unit === undefined ? undefined : conversion(source.value, source.unit, to, turn);
}

/** The last conversion is converted from its source, unless another amount was spoken of since. */
function sourceOf({ memory }: Turn): Quantity | undefined {
  const { lastMentioned, lastResult, lastConversionSource } = memory;
  return lastConversionSource && lastMentioned === lastResult ? lastConversionSource : lastMentioned;
}

function conversion(number: string, from: string, to: string, turn: Turn): Reply | undefined {
  if (!isUnit(from) || !isUnit(to)) return undefined;
  const value = /^an?$/i.test(number) ? 1 : Number(number.replaceAll(',', ''));
  if (!Number.isFinite(value)) return undefined;
  return withTool(turn, {
    tool: 'unit_conversion',
    input: { value, from, to },
    phrase: ({ result }) => `${readable(value)} ${from} = ${readable(Number(result))} ${to}.`,
  });
}

function money(text: string): Reply | undefined {
  const target = /\b(?:to|in|into)\s+(\p{L}+)$/iu.exec(text)?.[1] ?? '';
  const isMoney = CURRENCY_WORD.test(target) && /\d|convert|how much|that|my /i.test(text);
  return isMoney
    ? { text: 'I cannot convert currencies: that needs an exchange rate of the day, which I do not have.' }
    : undefined;
}
