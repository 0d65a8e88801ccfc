import type { StageName } from '../../stages/stage.js';
import { slugOf } from './offline/slug.js';
import type { StageContext } from './stage-runner.js';

const VALID_AGENT_NAME = /^[a-z0-9][a-z0-9_-]{0,99}$/;

/** The name that a step works under: the request's, else the one that the request maps to the step, else the plan's. */
export function agentNameFor(context: StageContext, stage: StageName, fallback: string): string {
  const asked = context.agent_name ?? context.agent_name_map?.[stage];
  return asked === undefined ? fallback : toAgentName(asked);
}

/**
 * The name of the deployed agent, part of its id. A name for the deployer wins over one for the developer; both come
 * before what the orchestrator found.
 */
export function deployedAgentName(context: StageContext, fallback: string): string {
  const map = context.agent_name_map;
  const asked = context.agent_name ?? map?.agent_deployer ?? map?.agent_developer_manager;
  return asked === undefined ? fallback : toAgentName(asked);
}

/** Kept as it is when a definition accepts it, else made into a slug. */
export function toAgentName(name: string): string {
  return VALID_AGENT_NAME.test(name) ? name : slugOf(name, '_');
}
