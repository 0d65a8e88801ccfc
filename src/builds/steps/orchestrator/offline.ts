import { displayNameOf, GENERAL_SUBJECT, readRequirement } from '../../requirement/requirement-reader.js';
import { brokenRule } from '../../requirement/policy.js';
import type { RequirementProfile } from '../../requirement/statements.js';
import { clip, withoutEnd } from '../../requirement/words.js';
import { goalsByStage, type Plan, planInputSchema } from './prompt.js';

const INTENT_REASONS: Record<RequirementProfile['intent'], string> = {
  new_project: 'The requirement describes what an agent is to do.',
  existing_project: 'The requirement speaks of changing something that exists already.',
  unclear: 'The requirement does not say what the agent is for.',
};

/** Writes the plan by rule. */
export function writePlan(input: unknown): Plan {
  const { requirement } = planInputSchema.parse(input);
  const profile = readRequirement(requirement);
  const displayName = displayNameOf(profile.subject);
  return {
    intent: { type: profile.intent, reason: INTENT_REASONS[profile.intent], question: questionOn(profile) },
    refusal: refusalOf(requirement),
    project: { name: projectNameOf(profile, displayName), description: descriptionOf(profile) },
    agent: { name: profile.slug, display_name: displayName, category: profile.category },
    steps: stepsFor(profile),
    notes: notesOn(profile),
  };
}

function refusalOf(requirement: string): Plan['refusal'] {
  const rule = brokenRule(requirement);
  return rule ? { rule: rule.id, reason: `The policy refuses this: ${rule.text}` } : null;
}

function questionOn({ intent }: RequirementProfile): string | null {
  if (intent !== 'unclear') return null;
  return 'What should the agent do, for whom, and with which information? For example: "An assistant for our shop that works out discounts and totals."';
}

/** Requirements that name no agent would otherwise all get the same project name. */
function projectNameOf(profile: RequirementProfile, displayName: string): string {
  const words = profile.subject === GENERAL_SUBJECT ? clip(withoutEnd(profile.sentences[0] ?? ''), 60) : displayName;
  return [...words].length < 3 ? displayName : words;
}

function descriptionOf(profile: RequirementProfile): string {
  const tasks = profile.capabilities.slice(0, 3).map((capability) => capability.text);
  return clip(`An agent for ${profile.audience}: ${tasks.join('; ')}.`, 1000);
}

function stepsFor(profile: RequirementProfile): Plan['steps'] {
  const count = profile.capabilities.length;
  const first = clip(profile.capabilities[0]?.text ?? profile.subject, 80);
  return goalsByStage({
    orchestrator: `Name and plan the ${profile.subject}.`,
    requirements_analysis: `Turn ${count} wish${count === 1 ? '' : 'es'}, starting with "${first}", into checkable requirements.`,
    system_architecture:
      profile.roles.length > 0
        ? `Arrange the roles ${profile.roles.map((role) => role.name).join(', ')} as a team.`
        : 'Lay out one agent with its model, tools and memory.',
    agent_design: `Set the boundaries of the agent for ${profile.audience}.`,
    agent_developer_manager: 'Choose the tools, write the system prompt and the executable definition.',
    agent_deployer: 'Run the acceptance examples, then deploy and register the agent.',
  });
}

function notesOn(profile: RequirementProfile): string[] {
  const notes: string[] = [];
  if (profile.intent === 'existing_project')
    notes.push('This build makes a new agent; it does not change an existing one.');
  if (profile.intent === 'unclear') notes.push('The purpose is unclear: the build ends with a question.');
  if (profile.capabilities.every((capability) => capability.verb === 'handle')) {
    notes.push('The rules found no task in English words; the requirement is passed on as it was written.');
  }
  return notes;
}
