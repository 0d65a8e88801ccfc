import type { AgentDefinition } from '../../../../runtimes/agent-definition.js';
import type { PackageText } from '../agent-code-developer.schema.js';
import { EXPORT_FOLDER } from '../../artifact-paths.js';
import { jsonArtifact, markdownArtifact, textArtifact } from '../../stage-artifacts.js';
import type { StageArtifact } from '../../stage-runner.js';
import { readmeOf } from './readme.js';
import { SERVER_SOURCE } from './server-source.js';

const DOCKERFILE = `FROM node:24-slim
WORKDIR /app
COPY package.json agent.json server.mjs ./
ENV HOST=0.0.0.0 PORT=8080 NODE_ENV=production
USER node
EXPOSE 8080
CMD ["node", "server.mjs"]
`;

/** The files of a project that serves the agent outside the platform's own routes. */
export function exportProject(definition: AgentDefinition, text: PackageText): StageArtifact[] {
  const at = (file: string) => `${EXPORT_FOLDER}${file}`;
  return [
    jsonArtifact(at('package.json'), packageJson(definition)),
    markdownArtifact(at('README.md'), readmeOf(definition, text)),
    jsonArtifact(at('agent.json'), definition),
    textArtifact(at('server.mjs'), 'text/javascript', SERVER_SOURCE),
    textArtifact(at('Dockerfile'), 'text/plain', DOCKERFILE),
  ];
}

function packageJson(definition: AgentDefinition): Record<string, unknown> {
  return {
    name: definition.agent_name.replaceAll('_', '-'),
    version: '1.0.0',
    description: definition.description,
    private: true,
    type: 'module',
    engines: { node: '>=20' },
    scripts: { start: 'node server.mjs' },
  };
}
