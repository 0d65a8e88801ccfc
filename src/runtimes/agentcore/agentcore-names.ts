import { createHash } from 'node:crypto';

/** The endpoint of a runtime that the platform calls; AgentCore's own `DEFAULT` would move before a version is ready. */
export const ENDPOINT_NAME = 'nexus';

const NAME_LENGTH = 48;

/** The same for every deployment of an agent, so that a repeated one finds the first. AgentCore allows letters, digits and _. */
export function runtimeNameOf(agent_id: string, prefix: string): string {
  const digest = createHash('sha256').update(`${prefix}/${agent_id}`).digest('hex').slice(0, 20);
  const readable = (agent_id.split(':').at(-1) ?? '').replace(/[^A-Za-z0-9]/g, '_');
  return `nexus_${readable.slice(0, NAME_LENGTH - digest.length - 7)}_${digest}`;
}

/** The id in `arn:aws:bedrock-agentcore:<region>:<account>:runtime/<id>`. */
export function runtimeIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** The name of an AWS failure, e.g. `ConflictException`. */
export const awsErrorName = (error: unknown): string => (error instanceof Error ? error.name : '');
