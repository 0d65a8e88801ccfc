/** The requirement that the worked examples of all steps belong to, so that together they show one build. */
export const EXAMPLE_REQUIREMENT =
  'A helper for the counter of our bike rental: it works out what a rental costs. A city bike costs 15 euros a day, an e-bike 32 euros a day. From 5 days on there is 10 percent off. Never promise that a bike is free on a date.';

/** A worked example as the system prompt shows it. */
export function shown(example: unknown): string {
  return `Example of a good answer. It belongs to another requirement ("${EXAMPLE_REQUIREMENT}"): follow its form and its level of detail, take nothing of its content.
<example>
${JSON.stringify(example)}
</example>`;
}
