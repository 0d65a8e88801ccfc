import { clip } from '../../requirement/words.js';
import { promptInputSchema, type PromptParts } from './prompt.js';

/** Writes the parts of the system prompt by rule. */
export function writePromptParts(input: unknown): PromptParts {
  const { requirements, design, tools } = promptInputSchema.parse(input);
  return {
    identity: clip(`You are ${design.role}.`, 1500),
    objective: clip(`A conversation is a success when the user got this: ${design.purpose}`, 1500),
    instructions: [
      ...design.core_functions.slice(0, 20).map((one) => clip(`${one}.`, 1500)),
      ...(requirements.knowledge.length > 0
        ? ['Look questions about facts up in your documents first and answer as they say.']
        : []),
      'Begin with the answer; explain only as far as it helps.',
    ],
    roles: design.team.map(({ name, responsibility, documents }) => ({
      name,
      instructions: [
        clip(`The ${name} ${responsibility}.`, 1500),
        ...(documents.length > 0
          ? ['Look questions about facts up in your documents first and answer as they say.']
          : []),
        'Give the finished result; say so when the task is not yours.',
      ],
    })),
    tool_guidance: tools.map((tool) => ({
      tool: tool.name,
      guidance: clip(
        `${tool.when_to_use} Not: ${tool.when_not_to_use} If it fails, mend the input once, then say what did not work.`,
        1500,
      ),
    })),
    style: [
      `Be ${requirements.tone.join(', ')}.`,
      'Answer in the language of the user.',
      ...requirements.non_functional_requirements.usability.slice(1, 8),
    ],
    boundaries: design.boundaries,
    when_unsure: 'Say what you do not know, and ask one question that gets you further.',
  };
}
