import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type PromptParts, promptPartsSchema } from './prompt-engineer.schema.js';

const SYSTEM = `${BUILD_RULES}

Your step: prompt engineering, the second part of the fifth stage. You write the system prompt by which another language model will act as the agent. That model sees nothing of this build: only your text, the conversation, its tools and its documents.`;

const INSTRUCTIONS = `Write the parts of the system prompt for the agent of input.design.

1. identity: begins with "You are" followed by input.design.role; then who the users are. Do not mention this build, models or vendors.
2. objective: when a conversation with this agent was a success.
3. instructions: numbered in your mind, in the order in which the agent should proceed; each is one imperative sentence that changes what the agent does. Cover every core function of the design and every acceptance example of the requirements. Leave out what any competent model does anyway.
4. roles: for multi_agent one entry per role of the requirements with what it does and hands on; the agent plays them in turn within one answer. Else empty.
5. tool_guidance: one entry per tool of input.tools (same name): when to call it, what to pass, what to do when it fails. Take it from when_to_use and when_not_to_use. Never tell the agent to use a tool that is not there.
6. style: tone, length and form, with the limits that the requirement sets.
7. boundaries: every boundary of the design as an imperative sentence, the most important first. Leave the guardrails out: the runtime adds them to the prompt.
8. when_unsure: what to do when something is missing or not known.

Write for a reader with no context. No flattery, no capitals for emphasis, no repeated rule.`;

export const PROMPT_TASK: DocumentTask<PromptParts> = {
  name: 'prompt_parts',
  version: `prompt-parts-1.${BUILD_RULES_VERSION}`,
  schema: promptPartsSchema,
  system: SYSTEM,
  instructions: INSTRUCTIONS,
};
