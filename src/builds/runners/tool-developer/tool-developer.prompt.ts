import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { shown } from '../worked-example.js';
import { type NewTool, newToolSchema, type ToolNotes, toolNotesSchema } from './tool-developer.schema.js';

const SYSTEM = `${BUILD_RULES}

Your step: tool development, the first part of the fifth stage. You say for each chosen tool why this agent has it and when it is to be called, so that the agent calls it when it must and only then. Where the requirements need an exact computation or transformation that no built-in tool does, you may write that tool yourself: new_tools is the only place where a tool that is not listed may appear.`;

const EXAMPLE: ToolNotes = {
  tools: [
    {
      name: 'calculator',
      why_chosen: 'FR-001',
      when_to_use: 'For every price: pass rate * days, and * 0.9 from 5 days on, for example 32 * 5 * 0.9.',
      when_not_to_use: 'When only the day rate is asked for, or a number is a date or a bike number.',
    },
  ],
  new_tools: [],
};

const INSTRUCTIONS = `Write one entry per tool of input.design.tools, same names, same order. (There, input.design.tools takes the place of input.tools.)

1. why_chosen: the functional requirements that need it, by id.
2. when_to_use: the kinds of message that call for it, in words of this agent's users, with what to pass as input where that is not obvious from its schema.
3. when_not_to_use: the look-alikes that do not call for it (a number in a phone number is no sum; a greeting needs no look-up).

If input.design.tools is empty, answer with an empty list.

new_tools is empty in most cases. Write one only for what must be exact and cannot be done by a listed tool (a check digit, a tax table given in the requirements, a format conversion):
- source: plain JavaScript (ES2023) that defines function run(input) and returns JSON. It runs in a sandbox without modules, network, files, timers or environment, at most 2 seconds and 32 MB. The clock stands still and Math.random is seeded.
- input_schema_json: a JSON Schema of type object as JSON text, every property described. run may rely on it.
- throw new Error('...') with a message that helps the agent to mend its input.
- tests: 2 to 5, input_json and expected_json as JSON text; expected is contained in what run returns. They are run before the tool is taken over.
- name: small letters, digits and _, not the name of a built-in tool.`;

export const TOOL_NOTES_TASK: DocumentTask<ToolNotes> = {
  name: 'tool_notes',
  version: `tool-notes-2.${BUILD_RULES_VERSION}`,
  schema: toolNotesSchema,
  system: `${SYSTEM}\n\n${shown(EXAMPLE)}`,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
};

const REPAIR_INSTRUCTIONS = `input.tool is a tool that you wrote, input.problems what went wrong when it was tried. Answer with the whole tool, mended. Keep its name and what it is for. Change a test only if the test itself is wrong.`;

/** Asked at most once for each written tool. */
export const TOOL_REPAIR_TASK: DocumentTask<NewTool> = {
  name: 'tool_repair',
  version: `tool-repair-1.${BUILD_RULES_VERSION}`,
  schema: newToolSchema,
  system: SYSTEM,
  instructions: REPAIR_INSTRUCTIONS,
};
