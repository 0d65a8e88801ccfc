import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type ToolNotes, toolNotesSchema } from './tool-developer.schema.js';

const SYSTEM = `${BUILD_RULES}

Your step: tool development, the first part of the fifth stage. The tools are built in: you do not write code. You say for each chosen tool why this agent has it and when it is to be called, so that the agent calls it when it must and only then.`;

const INSTRUCTIONS = `Write one entry per tool of input.design.tools, same names, same order. (There, input.design.tools takes the place of input.tools.)

1. why_chosen: the functional requirements that need it, by id.
2. when_to_use: the kinds of message that call for it, in words of this agent's users, with what to pass as input where that is not obvious from its schema.
3. when_not_to_use: the look-alikes that do not call for it (a number in a phone number is no sum; a greeting needs no look-up).

If input.design.tools is empty, answer with an empty list.`;

export const TOOL_NOTES_TASK: DocumentTask<ToolNotes> = {
  name: 'tool_notes',
  version: `tool-notes-1.${BUILD_RULES_VERSION}`,
  schema: toolNotesSchema,
  system: SYSTEM,
  instructions: INSTRUCTIONS,
};
