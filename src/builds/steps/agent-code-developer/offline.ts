import { capitalised, clip } from '../../requirement/words.js';
import { packageInputSchema, type PackageText } from './prompt.js';

/** Writes the description of the agent by rule. */
export function writePackageText(input: unknown): PackageText {
  const { requirements, design } = packageInputSchema.parse(input);
  const tools = design.tools.map((tool) => tool.name);
  const sources = [
    ...(tools.length > 0 ? [`the tools ${tools.join(', ')}`] : []),
    ...(requirements.knowledge.length > 0
      ? [`the documents ${requirements.knowledge.map((one) => one.name).join(', ')}`]
      : []),
  ];
  const basis =
    sources.length > 0
      ? `Its answers rest on ${sources.join(' and ')}.`
      : 'It has no tools and no documents of its own.';
  const limits = design.limitations.length > 0 ? ` Known limits: ${design.limitations.join(' ')}` : '';
  return {
    description: clip(`${capitalised(design.role)}. ${design.core_functions.slice(0, 3).join('; ')}.`, 500),
    introduction: clip(`${requirements.overview} ${basis}${limits}`, 2000),
    example_messages: requirements.acceptance_examples.slice(0, 5).map((example) => clip(example.input, 1000)),
  };
}
