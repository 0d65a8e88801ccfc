import { clip } from '../offline/sentences.js';
import type { Requirements } from '../requirements-analysis/requirements-analysis.schema.js';
import { type Architecture, architectureInputSchema } from './system-architecture.schema.js';
import { errorHandling, securityOf } from './safety.offline.js';
import { topologyOf } from './topology.offline.js';

/** The architecture that follows from the requirements by rule. */
export function writeArchitecture(input: unknown): Architecture {
  const { plan, requirements } = architectureInputSchema.parse(input);
  const tools = requirements.needed_tools;
  const multi = requirements.workflow_complexity === 'multi_agent';
  return {
    design_overview: clip(
      `${plan.agent.display_name} is one agent: a language model with ${countOf(tools.length, 'tool')}, ${countOf(requirements.knowledge.length, 'document')} and the memory of the conversation. ${requirements.overview}`,
      1000,
    ),
    topology: topologyOf(plan.agent.name, requirements),
    components: componentsOf(requirements),
    data_models: dataModels(requirements),
    interfaces: interfacesOf(requirements),
    interaction_flows: flowsOf(requirements),
    error_handling: errorHandling(requirements),
    security_considerations: securityOf(requirements),
    performance_considerations: [
      ...requirements.non_functional_requirements.performance,
      'The definition bounds the model calls, the time and the length of an answer.',
    ].slice(0, 15),
    monitoring: [
      'Every run leaves a record with duration, tokens, model and trace.',
      ...tools.slice(0, 10).map((tool) => `Calls and failures of ${tool.name} stand in the trace.`),
    ],
    design_rationale: multi
      ? `The roles share one conversation and the same tools, so one deployed agent plays them in turn. ${requirements.complexity_reason}`.slice(
          0,
          1000,
        )
      : 'One agent is enough: no role hands work to another, so a second one would only add delay and cost.',
  };
}

function countOf(count: number, noun: string): string {
  return count === 0 ? `no ${noun}` : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function componentsOf({ needed_tools, knowledge }: Requirements): Architecture['components'] {
  const components: Architecture['components'] = [
    { name: 'invocation', kind: 'interface', purpose: 'Takes a message and gives the answer, at once or as a stream.' },
    {
      name: 'language_model',
      kind: 'model',
      purpose: 'Reads instructions, conversation and message; decides which tool to call and writes the answer.',
    },
    { name: 'conversation_memory', kind: 'memory', purpose: 'The messages of the session so far, newest kept.' },
    ...needed_tools.map((tool) => ({ name: tool.name, kind: 'tool' as const, purpose: tool.reason })),
  ];
  if (knowledge.length > 0)
    components.push({
      name: 'documents',
      kind: 'knowledge',
      purpose: `What the requirement states: ${knowledge.map((one) => one.name).join(', ')}.`.slice(0, 1000),
    });
  return components;
}

function dataModels(requirements: Requirements): Architecture['data_models'] {
  const models: Architecture['data_models'] = [
    {
      name: 'message',
      purpose: `What a user writes; the agent works for ${requirements.audience}.`,
      fields: [{ name: 'input_text', type: 'string', description: 'The message, at most 100,000 characters.' }],
    },
    {
      name: 'answer',
      purpose: `What the agent answers, ${requirements.tone.join(', ')}.`.slice(0, 1000),
      fields: [
        { name: 'output', type: 'string', description: 'The answer in plain text or Markdown.' },
        { name: 'usage', type: 'object', description: 'Tokens read and written.' },
      ],
    },
  ];
  if (requirements.knowledge.length > 0) {
    models.push({
      name: 'document',
      purpose: 'Facts that the agent looks up.',
      fields: [
        { name: 'name', type: 'string', description: 'Name under which a passage is quoted.' },
        { name: 'content', type: 'string', description: 'The text.' },
      ],
    });
  }
  return models;
}

function interfacesOf({ needed_tools }: Requirements): Architecture['interfaces'] {
  const invocation = {
    name: 'invocation',
    input: 'A message and optionally a session.',
    output: 'The answer with model, usage and, if asked for, the trace.',
    errors: ['The agent is not running.', 'The model failed or took too long.', 'The run used up its steps.'],
  };
  const tools = needed_tools.slice(0, 9).map((tool) => ({
    name: tool.name,
    input: 'JSON as the schema of the tool describes it.',
    output: 'JSON, bounded in size.',
    errors: ['The input does not fit the schema.', 'The tool cannot do what was asked; the message says why.'],
  }));
  return [invocation, ...tools];
}

function flowsOf({ functional_requirements, needed_tools, roles }: Requirements): Architecture['interaction_flows'] {
  const tools = needed_tools.map((tool) => tool.name).join(' or ');
  return functional_requirements.slice(0, 5).map(({ id, title }) => ({
    name: clip(`${id} ${title}`, 100),
    steps: [
      'invocation takes the message and adds the conversation so far.',
      ...(roles.length > 0
        ? [clip(`language_model works through the roles in turn: ${roles.map((role) => role.name).join(', ')}.`, 1000)]
        : []),
      tools === ''
        ? 'language_model works out the answer.'
        : `language_model decides whether it needs ${tools} and calls it.`,
      'language_model writes the answer; invocation returns it and conversation_memory keeps it.',
    ],
  }));
}
