import { agentDefinitionSchema } from '../runtimes/agent-definition.js';

/** What the server can serve: tools that are attached live in the platform's database, which it does not have. */
export const servedDefinitionSchema = agentDefinitionSchema.refine(
  ({ tools }) => tools.every(({ kind }) => kind !== 'attached'),
  { path: ['tools'], message: 'attached tools can be used inside the platform only' },
);
