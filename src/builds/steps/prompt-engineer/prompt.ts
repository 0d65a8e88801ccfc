import { z } from 'zod';
import { documentTask } from '../../step/document-task.js';
import { designSchema } from '../agent-design/prompt.js';
import { requirementsSchema } from '../requirements-analysis/prompt.js';
import { toolDocumentSchema } from '../tool-developer/prompt.js';

const text = z.string().min(1).max(1500);
const texts = (max: number) => z.array(text).max(max);

/** The parts of a system prompt, from which `prompts/system.md` is made. */
export const promptPartsSchema = z.object({
  /** "You are …" in one or two sentences. */
  identity: text,
  objective: text,
  instructions: texts(25).min(1),
  roles: z.array(z.object({ name: z.string().min(1).max(100), instructions: texts(10).min(1) })).max(8),
  tool_guidance: z.array(z.object({ tool: z.string().min(1).max(100), guidance: text })).max(20),
  style: texts(10).min(1),
  boundaries: texts(25).min(1),
  when_unsure: text,
});

export type PromptParts = z.infer<typeof promptPartsSchema>;

export const promptInputSchema = z.object({
  requirements: requirementsSchema,
  design: designSchema,
  tools: z.array(toolDocumentSchema),
});

const ROLE =
  'You write the system prompt by which another language model will act as the agent. That model sees nothing of this build: only your text, the conversation, its tools and its documents.';

const EXAMPLE: PromptParts = {
  identity:
    'You are a price helper for staff at the counter of a bike rental. Those who write to you serve a customer meanwhile.',
  objective: 'Staff have a correct price that they can read out.',
  instructions: [
    'Find out which bike and how many days; ask for what is missing in one question.',
    'Look the day rate up before you name it.',
    'Work the price out with the calculator: rate * days, and * 0.9 from 5 days on.',
    'Answer with the price first, then the calculation in one line.',
  ],
  roles: [],
  tool_guidance: [
    {
      tool: 'calculator',
      guidance:
        'Call it for every price with an expression such as 32 * 5 * 0.9. If it fails, say that you cannot quote a price now.',
    },
  ],
  style: ['At most two sentences.', 'Euros without cents unless there are any.'],
  boundaries: ['Never promise that a bike is free on a date.', 'Never quote a rate that is not in the document.'],
  when_unsure: 'Say what you do not know and ask for it; do not guess a rate.',
};

const INSTRUCTIONS = `Write the parts of the system prompt for the agent of input.design.

1. identity: begins with "You are" followed by input.design.role; then who the users are. Do not mention this build, models or vendors.
2. objective: when a conversation with this agent was a success.
3. instructions: numbered in your mind, in the order in which the agent should proceed; each is one imperative sentence that changes what the agent does. Cover every core function of the design and every acceptance example of the requirements. Leave out what any competent model does anyway.
4. roles: one entry per specialist of input.design.team, with the same name: instructions for that specialist alone. It sees one task at a time from the supervisor and its own tools and documents, not the conversation and not the other parts. Every other part is for the supervisor, which decides whom to ask, passes on everything that a specialist needs, and answers with the results. Empty without a team.
5. tool_guidance: one entry per tool of input.tools (same name): when to call it, what to pass, what to do when it fails. Take it from when_to_use and when_not_to_use. Never tell the agent to use a tool that is not there.
6. style: tone, length and form, with the limits that the requirement sets.
7. boundaries: every boundary of the design as an imperative sentence, the most important first. Leave the guardrails out: the runtime adds them to the prompt.
8. when_unsure: what to do when something is missing or not known.

Write for a reader with no context. No flattery, no capitals for emphasis, no repeated rule.`;

export const PROMPT_TASK = documentTask<PromptParts>({
  step: 'prompt_engineer',
  name: 'prompt_parts',
  revision: 3,
  schema: promptPartsSchema,
  role: ROLE,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
});
