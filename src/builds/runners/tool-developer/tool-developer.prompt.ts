import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type ToolNotes, toolNotesSchema } from './tool-developer.schema.js';
import { shown } from '../worked-example.js';

const SYSTEM = `${BUILD_RULES}

Your step: tool development, the first part of the fifth stage. The tools are built in: you do not write code. You say for each chosen tool why this agent has it and when it is to be called, so that the agent calls it when it must and only then.`;

const EXAMPLE: ToolNotes = {
  tools: [
    {
      name: 'calculator',
      why_chosen: 'FR-001',
      when_to_use: 'For every price: pass rate * days, and * 0.9 from 5 days on, for example 32 * 5 * 0.9.',
      when_not_to_use: 'When only the day rate is asked for, or a number is a date or a bike number.',
    },
  ],
};

const INSTRUCTIONS = `Write one entry per tool of input.design.tools, same names, same order. (There, input.design.tools takes the place of input.tools.)

1. why_chosen: the functional requirements that need it, by id.
2. when_to_use: the kinds of message that call for it, in words of this agent's users, with what to pass as input where that is not obvious from its schema.
3. when_not_to_use: the look-alikes that do not call for it (a number in a phone number is no sum; a greeting needs no look-up).

If input.design.tools is empty, answer with an empty list.`;

export const TOOL_NOTES_TASK: DocumentTask<ToolNotes> = {
  name: 'tool_notes',
  version: `tool-notes-2.${BUILD_RULES_VERSION}`,
  schema: toolNotesSchema,
  system: `${SYSTEM}\n\n${shown(EXAMPLE)}`,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
};
