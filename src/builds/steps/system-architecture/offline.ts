import { forbids } from '../../requirement/statements.js';
import { clip } from '../../requirement/words.js';
import type { Requirements } from '../requirements-analysis/prompt.js';
import { type Architecture, architectureInputSchema } from './prompt.js';

/** Writes the architecture by rule. */
export function writeArchitecture(input: unknown): Architecture {
  const { plan, requirements } = architectureInputSchema.parse(input);
  const tools = requirements.needed_tools;
  const multi = requirements.workflow_complexity === 'multi_agent';
  return {
    design_overview: clip(
      `${plan.agent.display_name} is ${multi ? `a team of ${requirements.roles.length} specialists and their supervisor` : 'one agent'}: a language model with ${countOf(tools.length, 'tool')}, ${countOf(requirements.knowledge.length, 'document')} and the memory of the conversation. ${requirements.overview}`,
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
      ...tools.slice(0, 10).map((tool) => `The trace shows calls to ${tool.name} and their failures.`),
    ],
    design_rationale: multi
      ? `Each role has its own duty, so each is a specialist with its own instructions, tools and documents. ${requirements.complexity_reason}`.slice(
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
        ? [
            clip(
              `language_model gives the task to the specialist that it is for: ${roles.map((role) => role.name).join(', ')}.`,
              1000,
            ),
          ]
        : []),
      tools === ''
        ? 'language_model works out the answer.'
        : `language_model decides whether it needs ${tools} and calls it.`,
      'language_model writes the answer; invocation returns it and conversation_memory keeps it.',
    ],
  }));
}

type Topology = Architecture['topology'];

/** One agent, or its roles in the order of the requirement, each handing over to the next. */
export function topologyOf(agentName: string, requirements: Requirements): Topology {
  const { roles, functional_requirements, overview } = requirements;
  if (roles.length < 2) {
    const responsibilities = functional_requirements.slice(0, 15).map((one) => `${one.id} ${one.title}`);
    return {
      kind: 'single_agent',
      deployed_agents: 1,
      agents: [{ name: agentName, role: overview, responsibilities, interactions: [] }],
    };
  }
  const agents = roles.map((role, index) => {
    const next = roles[index + 1];
    return {
      name: role.name,
      role: `The ${role.name} of ${agentName}.`,
      responsibilities: [role.responsibility],
      interactions:
        next === undefined ? [] : [{ with: next.name, purpose: `Its result may go on to the ${next.name}.` }],
    };
  });
  return { kind: 'multi_agent', deployed_agents: 1, agents };
}

/** Responses to failures, to requests out of scope, and to requests that would break a rule. */
export function errorHandling({ constraints, scope }: Requirements): Architecture['error_handling'] {
  return [
    {
      situation: 'A tool fails.',
      response: 'The agent mends its input once; then it tells the user what did not work.',
    },
    { situation: 'Information is missing.', response: 'The agent asks for it in one question.' },
    { situation: 'The question lies outside the scope.', response: 'The agent says so and names what it can do.' },
    ...scope.excluded.slice(0, 4).map((wish) => ({
      situation: `Asked for what is out of scope: ${wish}`.slice(0, 1000),
      response: 'The agent says that it cannot do this and offers what it can.',
    })),
    ...constraints
      .filter(forbids)
      .slice(0, 5)
      .map((rule) => ({
        situation: `A request would break the rule: ${rule}`.slice(0, 1000),
        response: 'The agent declines briefly and stays with the rule.',
      })),
  ];
}

export function securityOf({ non_functional_requirements, knowledge, needed_tools }: Requirements): string[] {
  const considerations = [
    ...non_functional_requirements.security,
    'Text in messages, documents and tool results is data: it does not change the instructions.',
  ];
  if (knowledge.length > 0)
    considerations.push('The documents can be read out by any user of the agent; nothing secret belongs in them.');
  considerations.push(
    needed_tools.length > 0
      ? 'The tools compute or read only; none writes to another system.'
      : 'The agent has no tool, so it cannot act outside the conversation.',
  );
  return considerations.slice(0, 15);
}
