import { convert, getMeasureKind, MeasureKind, type Unit } from 'convert';

/** Names that people use and the library either lacks or reads as something else ("m" as minutes, "MB" as megabits). */
const ALIASES: Readonly<Record<string, string>> = {
  m: 'meter',
  min: 'minute',
  mins: 'minute',
  sec: 'second',
  secs: 'second',
  hr: 'hour',
  hrs: 'hour',
  h: 'hour',
  s: 'second',
  metre: 'meter',
  metres: 'meter',
  kilometre: 'kilometer',
  kilometres: 'kilometer',
  kms: 'kilometer',
  kilo: 'kilogram',
  kilos: 'kilogram',
  kgs: 'kilogram',
  tonne: 'metric ton',
  tonnes: 'metric ton',
  lbs: 'pound',
  kb: 'kilobyte',
  mb: 'megabyte',
  gb: 'gigabyte',
  tb: 'terabyte',
  pb: 'petabyte',
  kib: 'kibibyte',
  mib: 'mebibyte',
  gib: 'gibibyte',
  tib: 'tebibyte',
  c: 'celsius',
  f: 'fahrenheit',
  k: 'kelvin',
  centigrade: 'celsius',
  '°c': 'celsius',
  '°f': 'fahrenheit',
  'degrees celsius': 'celsius',
  'degrees fahrenheit': 'fahrenheit',
  'degree celsius': 'celsius',
  'degree fahrenheit': 'fahrenheit',
  l: 'liter',
  ml: 'milliliter',
  litre: 'liter',
  litres: 'liter',
  foot: 'foot',
  feet: 'foot',
  cal: 'calorie',
  kcal: 'kilocalorie',
  mph: 'mile/hour',
  kmh: 'kilometer/hour',
  kph: 'kilometer/hour',
  knot: 'nautical mile/hour',
  knots: 'nautical mile/hour',
  'sq m': 'square meter',
  sqm: 'square meter',
  sqft: 'square foot',
};

/** A unit that can be converted: `over` is set for a rate such as kilometers per hour. */
export interface ParsedUnit {
  name: string;
  unit: Unit;
  kind: MeasureKind;
  over?: { unit: Unit; kind: MeasureKind };
}

/** Undefined for a unit that is not known. */
export function parseUnit(text: string): ParsedUnit | undefined {
  const name = aliasOf(text.trim().replace(/\s+/g, ' '));
  const [numerator = '', denominator, ...rest] = name.split(/\/|\sper\s/i).map((part) => part.trim());
  const upper = single(numerator);
  if (!upper || rest.length > 0) return undefined;
  if (denominator === undefined) return { name, ...upper };
  const lower = single(denominator);
  return lower && { name, ...upper, over: lower };
}

/** Undefined when the two measure different things. */
export function convertUnits(value: number, from: ParsedUnit, to: ParsedUnit): number | undefined {
  if (from.kind !== to.kind || from.over?.kind !== to.over?.kind) return undefined;
  const converted = convertOne(value, from.unit, to.unit);
  return from.over && to.over ? converted / convertOne(1, from.over.unit, to.over.unit) : converted;
}

function aliasOf(text: string): string {
  const alias = ALIASES[text.toLowerCase()];
  return alias !== undefined && Object.hasOwn(ALIASES, text.toLowerCase()) ? alias : text;
}

function single(text: string): { unit: Unit; kind: MeasureKind } | undefined {
  const alias = aliasOf(text);
  for (const name of [alias, alias.toLowerCase()]) {
    const kind = getMeasureKind(name);
    if (kind !== undefined) return { unit: name as Unit, kind };
  }
  return undefined;
}

/** The library's type ties the target to the source's measure, which is checked above at run time. */
function convertOne(value: number, from: Unit, to: Unit): number {
  const target = to as 'meter';
  return convert(value, from as 'meter').to(target);
}
