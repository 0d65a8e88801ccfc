import { clip } from '../../requirement/words.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/prompt.js';
import {
  type ToolNotes,
  toolNotesInputSchema,
  type NewTool,
  TOOL_NOTES_TASK,
  TOOL_REPAIR_TASK,
  type ToolDocument,
  type ToolNote,
  type WrittenTool,
} from './prompt.js';
import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { PATHS } from '../../../stages/stage.js';
import { CodeToolKind } from '../../../tools/kinds/code/code.kind.js';
import { BuiltinToolKind } from '../../../tools/kinds/builtin/builtin.kind.js';
import { type CodeTool, codeToolSchema } from '../../../tools/tool-definition.js';
import type { Tool, ToolDocument as Passage } from '../../../tools/tool.js';
import { DocumentWriter, jsonArtifact, readDocument, toolPath } from '../../step/documents.js';
import { addSpent, BuildFault, defineStep, type Spent, type StepContext } from '../../step/step.js';
import { designSchema } from '../agent-design/prompt.js';

const USE: Readonly<Record<string, readonly [use: string, not: string]>> = {
  calculator: [
    'Whenever an answer depends on arithmetic, even simple arithmetic; pass the whole expression.',
    'For numbers that are only quoted, such as a phone number or a date.',
  ],
  date_time: [
    'For the current time, time zones, the days between two dates, and dates before or after another.',
    'For opening hours and other times given in the documents.',
  ],
  unit_conversion: [
    'To convert between units of length, weight, volume, temperature and the like.',
    'For currencies: they need a rate of the day.',
  ],
  text_statistics: [
    'To count words, characters or sentences and to estimate reading time; pass the text itself.',
    'To judge the quality of a text.',
  ],
  json_query: [
    'To read values out of a JSON document that the user gives; pass the document and a JMESPath query.',
    'For text that is not JSON.',
  ],
  knowledge_lookup: [
    'Before answering any question that the documents may settle; pass the question in plain words.',
    'For greetings and for what the user has just said.',
  ],
};

/** Writes by rule why and when each chosen tool is used. */
export function writeToolNotes(input: unknown): ToolNotes {
  const { requirements, design } = toolNotesInputSchema.parse(input);
  return {
    new_tools: [],
    tools: design.tools.map(({ name, reason, description }) => {
      const [when_to_use, when_not_to_use] = USE[name] ?? [
        `When a message asks for what this tool does: ${description}`,
        'When the answer is clear without it.',
      ];
      return {
        name,
        why_chosen: clip(`${reason} ${neededBy(name, requirements)}`, 1000),
        when_to_use: clip(when_to_use, 1000),
        when_not_to_use,
      };
    }),
  };
}

function neededBy(tool: string, { functional_requirements }: Requirements): string {
  const ids = functional_requirements
    .filter((one) => one.acceptance_criteria.some((criterion) => criterion.includes(tool)))
    .map((one) => one.id);
  return ids.length === 0 ? '' : `Needed by ${ids.join(', ')}.`;
}

/** Documents a built-in tool and counts its examples that gave the expected output. */
async function documentOf(
  context: StepContext,
  catalogue: BuiltinToolKind,
  clock: Clock,
  note: ToolNote,
  knowledge: Requirements['knowledge'],
): Promise<ToolDocument> {
  const tool = catalogue.get(note.name);
  const needsDocuments = tool.name === 'knowledge_lookup' && knowledge.length === 0;
  const examples = needsDocuments ? [] : [...tool.examples];
  const verified = needsDocuments ? 0 : await checkTool(context, catalogue, clock, tool, knowledge);
  context.log(
    'info',
    needsDocuments
      ? `${tool.name}: no documents yet; users upload them to their sessions`
      : `${tool.name}: ${verified} of ${examples.length} examples returned the expected result`,
  );
  return {
    ...note,
    kind: 'builtin',
    display_name: tool.display_name,
    description: tool.description,
    input_schema: tool.input_schema,
    examples,
    verified_examples: verified,
  };
}

/** The note for a tool that the model left out. */
function plainNote({ name, reason }: { name: string; reason: string }): ToolNote {
  return {
    name,
    why_chosen: reason,
    when_to_use: 'When a message asks for what this tool does.',
    when_not_to_use: 'When the answer is clear without it.',
  };
}

/** Runs the catalogue's examples of a tool and counts those with the expected output. The others are logged. */
export async function checkTool(
  context: StepContext,
  catalogue: BuiltinToolKind,
  clock: Clock,
  tool: Tool,
  knowledge: readonly Passage[],
): Promise<number> {
  let passed = 0;
  for (const { input, expected } of tool.examples) {
    context.signal.throwIfAborted();
    try {
      const output = await catalogue.execute(tool.name, input, {
        org_id: context.org_id,
        knowledge: [...knowledge],
        now: () => clock.now(),
      });
      if (includes(output, expected)) passed += 1;
      else context.log('warning', `${tool.name}: an example did not return the expected result`);
    } catch (error) {
      context.log(
        'warning',
        `${tool.name}: an example failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return passed;
}

/** Compared as JSON, which is what tools return: the values come from another thread and may have other prototypes. */
function includes(output: unknown, expected: Record<string, unknown>): boolean {
  if (typeof output !== 'object' || output === null) return false;
  const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
  const fields = new Map<string, unknown>(Object.entries(output));
  return Object.entries(expected).every(([key, value]) => isDeepStrictEqual(json(fields.get(key)), json(value)));
}

/**
 * Accepts tools that the model wrote. A tool is accepted when its own tests pass in the sandbox. A failing tool goes back
 * to the model once, with its problems.
 */
@Injectable()
export class ToolWriter {
  constructor(
    private readonly writer: DocumentWriter,
    private readonly code: CodeToolKind,
  ) {}

  /**
   * @param spent what the step has spent so far
   * @returns the tool, and what the step has spent including the repair
   * @throws BuildFault when the repaired tool fails too
   */
  async accept(context: StepContext, wish: NewTool, spent: Spent): Promise<{ written: WrittenTool; spent: Spent }> {
    const first = await this.attempt(context, wish);
    if ('written' in first) return { written: first.written, spent };
    context.log('warning', `${wish.name} failed its tests, asking for a repair: ${first.problems.join(' ')}`);
    const { document, ...repair } = await this.writer.write(context, TOOL_REPAIR_TASK, {
      tool: wish,
      problems: first.problems,
    });
    const total = addSpent(spent, repair);
    const second = await this.attempt(context, { ...document, name: wish.name });
    if ('written' in second) return { written: second.written, spent: total };
    throw new BuildFault(`The tool "${wish.name}" fails its own tests: ${second.problems.join(' ').slice(0, 1_000)}`, {
      details: { tool: wish.name, problems: second.problems },
      suggestion: 'Restart the build, or reword the requirement so that it does not need this tool.',
    });
  }

  private async attempt(
    context: StepContext,
    wish: NewTool,
  ): Promise<{ written: WrittenTool } | { problems: string[] }> {
    context.signal.throwIfAborted();
    const read = codeToolOf(wish);
    if ('problems' in read) return read;
    const { tool } = read;
    const problems = await this.code.problemsOf(tool, { org_id: context.org_id, signal: context.signal });
    if (problems.length > 0) return { problems };
    context.log('info', `${tool.name}: written for this agent, ${tool.tests.length} tests passed in the sandbox`);
    const { name, why_chosen, when_to_use, when_not_to_use, display_name, description } = wish;
    const document: WrittenTool['document'] = {
      ...{ name, why_chosen, when_to_use, when_not_to_use, display_name, description },
      kind: 'code',
      input_schema: tool.input_schema,
      examples: tool.tests,
      verified_examples: tool.tests.length,
    };
    return { written: { document, tool } };
  }
}

function codeToolOf({
  name,
  description,
  input_schema_json,
  source,
  tests,
}: NewTool): { tool: CodeTool } | { problems: string[] } {
  try {
    const parsed = codeToolSchema.safeParse({
      kind: 'code',
      ...{ name, description, source },
      input_schema: JSON.parse(input_schema_json) as unknown,
      tests: tests.map(({ input_json, expected_json }) => ({
        input: JSON.parse(input_json) as unknown,
        expected: JSON.parse(expected_json) as unknown,
      })),
    });
    if (parsed.success) return { tool: parsed.data };
    return { problems: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
  } catch (error) {
    return { problems: [`A field that should hold JSON does not: ${error instanceof Error ? error.message : ''}`] };
  }
}

/** Documents every tool of the design, runs its examples once, and accepts tools that the model wrote. */
export const step = defineStep({
  name: 'tool_developer',
  prompt: TOOL_NOTES_TASK,
  offline: writeToolNotes,
  uses: [DocumentWriter, BuiltinToolKind, Clock, ToolWriter],
  provides: [ToolWriter],
  run: async (context, writer, catalogue, clock, toolWriter) => {
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const { document, ...notesSpent } = await writer.write(context, TOOL_NOTES_TASK, { requirements, design });
    const notes = new Map(document.tools.map((note) => [note.name, note]));
    const tools: ToolDocument[] = [];
    for (const chosen of design.tools) {
      const note = notes.get(chosen.name) ?? plainNote(chosen);
      tools.push(await documentOf(context, catalogue, clock, note, requirements.knowledge));
    }
    const written = new Map<string, WrittenTool>();
    let spent: Spent = notesSpent;
    for (const wish of document.new_tools) {
      const accepted = await toolWriter.accept(context, wish, spent);
      written.set(wish.name, accepted.written);
      spent = accepted.spent;
    }
    tools.push(...[...written.values()].map((one) => one.document));
    if (tools.length === 0) context.log('info', 'The design asks for no tool');
    // An empty list replaces the tools of an earlier attempt.
    const storesWritten = written.size > 0 || context.artifacts.has(PATHS.writtenTools);
    return {
      artifacts: [
        ...tools.map((tool) => jsonArtifact(toolPath(tool.name), tool)),
        ...(storesWritten ? [jsonArtifact(PATHS.writtenTools, { tools: [...written.values()] })] : []),
      ],
      output_data: {
        tools: tools.map((tool) => tool.name),
        verified_examples: tools.reduce((sum, tool) => sum + tool.verified_examples, 0),
      },
      ...spent,
      tool_calls: tools.reduce((sum, tool) => sum + tool.examples.length, 0),
      agent_name: design.agent_name,
    };
  },
});
