import type { Capability, RequirementProfile } from '../offline/requirement-profile.js';
import { capitalised, clip } from '../offline/sentences.js';
import type { FunctionalRequirement } from './requirements-analysis.schema.js';

const DEMANDING = new Set(
  'analyse analyze compare diagnose forecast predict negotiate research plan optimise optimize evaluate detect design reconcile'.split(
    ' ',
  ),
);
const SIMPLE = new Set('answer greet tell list count show inform remind convert welcome translate'.split(' '));

type Draft = Omit<FunctionalRequirement, 'id'>;

/** One requirement per task, one for the facts, one for staying within the limits. */
export function functionalRequirements(profile: RequirementProfile, tools: readonly string[]): FunctionalRequirement[] {
  const drafts = profile.capabilities.map((capability, index) => fromCapability(capability, index, profile));
  if (profile.facts.length > 0) drafts.push(fromFacts(profile));
  if (tools.length > 0) drafts.push(exactResults(profile, tools));
  return drafts.map((draft, index) => ({ id: `FR-${String(index + 1).padStart(3, '0')}`, ...draft }));
}

function fromCapability(capability: Capability, index: number, profile: RequirementProfile): Draft {
  const { verb, text } = capability;
  return {
    title: clip(capitalised(text), 200),
    user_story: clip(
      `As a user of the ${profile.subject}, I want it to ${text}, so that I do not have to do it myself.`,
      1000,
    ),
    acceptance_criteria: [
      `Asked to ${text}, the agent does so in its answer or names what it still needs to know.`,
      ...profile.limits.slice(0, 3).map((limit) => `The answer respects the limit "${limit.text}".`),
      'What the agent does not know it says openly instead of inventing it.',
    ],
    priority: index < Math.max(1, Math.ceil(profile.capabilities.length / 3)) ? 'High' : index < 6 ? 'Medium' : 'Low',
    complexity: DEMANDING.has(verb) ? 'High' : SIMPLE.has(verb) ? 'Low' : 'Medium',
  };
}

function fromFacts(profile: RequirementProfile): Draft {
  return {
    title: 'Answer from the given facts',
    user_story: `As a user of the ${profile.subject}, I want answers that rest on the given facts, so that I can rely on them.`,
    acceptance_criteria: profile.facts
      .slice(0, 8)
      .map((fact) => clip(`"${fact.question}" is answered in agreement with: ${fact.statement}`, 1000)),
    priority: 'High',
    complexity: 'Low',
  };
}

function exactResults(profile: RequirementProfile, tools: readonly string[]): Draft {
  return {
    title: 'Use tools where a result must be exact',
    user_story: `As a user of the ${profile.subject}, I want results that were computed or looked up, so that they are right.`,
    acceptance_criteria: tools.slice(0, 10).map((tool) => `A request that ${tool} can settle is settled with ${tool}.`),
    priority: 'Medium',
    complexity: 'Medium',
  };
}
