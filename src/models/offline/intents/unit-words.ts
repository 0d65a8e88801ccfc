/** Units that people write in passing; the tool knows more, these only tell a conversion from other sentences. */
const UNIT_WORD =
  /^(?:(?:square|cubic|sq|nautical|fluid|metric) )?(?:kilo|milli|centi|deci|micro|nano|mega|giga|tera|kibi|mebi|gibi)?(?:met(?:er|re)s?|m|grams?|g|lit(?:er|re)s?|l|bytes?|bits?|watts?|w|joules?|j|calories?|cal|pascals?|seconds?|volts?|hertz|hz|newtons?|tons?|tonnes?|miles?|mi|yards?|yd|feet|foot|ft|inch(?:es)?|in|pounds?|lbs?|ounces?|oz|stones?|gallons?|gal|quarts?|pints?|cups?|tablespoons?|tbsp|teaspoons?|tsp|ounces?|acres?|hectares?|ha|degrees?|radians?|celsius|fahrenheit|kelvin|centigrade|knots?|mph|kmh|kph|psi|bar|atm|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?)$|^(?:km|cm|mm|dm|nm|kg|mg|kgs|kms|ml|cl|dl|kb|mb|gb|tb|pb|kib|mib|gib|tib|kw|mw|kwh|wh|kj|kcal|kpa|°?[cfk]|degrees? (?:celsius|fahrenheit|kelvin)|s|sqm|sqft|m2|km2|ft2|m²|km²|ft²|min|sec|secs|hp|horsepower|decades?|centur(?:y|ies)|light years?|btu)$/i;

/** Also rates: "km/h", "miles per hour". */
export function isUnit(text: string): boolean {
  const parts = text.split(/\/|\sper\s/i).map((part) => part.trim());
  return parts.length <= 2 && parts.every((part) => UNIT_WORD.test(part));
}
