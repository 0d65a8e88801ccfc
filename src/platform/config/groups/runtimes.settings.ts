import { z } from 'zod';
import { integer } from '../setting-kinds.js';

const ACCOUNT = '[0-9]{12}';

/** Where agents run, and the server of one agent. */
export const runtimeSettings = {
  /** Where a build deploys its agent to. */
  AGENT_RUNTIME: z.enum(['local', 'agentcore']).default('local'),
  /** Image of the agent server in a registry of this account and region, for ARM64. */
  AGENTCORE_CONTAINER_URI: z.string().min(1).optional(),
  AGENTCORE_ROLE_ARN: z
    .string()
    .regex(new RegExp(`^arn:aws(-[^:]+)?:iam::${ACCOUNT}:role/.+$`), 'must be the ARN of an IAM role')
    .optional(),
  /** Takes the place of both endpoints of AgentCore, for private endpoints and tests. */
  AGENTCORE_ENDPOINT: z.url().optional(),
  /** How long a deployment may take to become ready. */
  AGENTCORE_READY_SECONDS: integer(300, 1, 900),
  AGENT_SERVER_HOST: z.string().min(1).default('127.0.0.1'),
  AGENT_SERVER_PORT: integer(8080, 0, 65_535),
  AGENT_SERVER_MAX_BODY_MB: integer(10, 1, 100),
  /** `file`: one agent, whose definition is the server's argument; `payload`: each call brings its definition. */
  AGENT_SERVER_DEFINITION: z.enum(['file', 'payload']).default('file'),
};
