import type { AgentDefinition } from '../../../../runtimes/agent-definition.js';
import type { PackageText } from '../agent-code-developer.schema.js';

/** README.md of the exported project. It says what the server is and what it is not. */
export function readmeOf(definition: AgentDefinition, text: PackageText): string {
  return `# ${definition.display_name}

${text.introduction}

## What is in here

| file | what it is |
|---|---|
| \`agent.json\` | the agent's full definition: instructions, tools, limits, documents |
| \`server.mjs\` | a small server, Node 20 or newer, no dependencies |
| \`Dockerfile\` | puts the server into an image |

**The agent itself runs on the Nexus platform.** \`server.mjs\` does not contain a language model or the tools: it takes
messages and hands them on to the platform's invoke route. \`agent.json\` is here to be read and kept under version control.

## Run

\`\`\`sh
export NEXUS_INVOKE_URL="https://<host>/api/v1/agents/<agent_id>/invoke"   # the agent_id contains a colon
export NEXUS_API_KEY="<key>"   # sent as a bearer token; leave it out where the platform asks for none
npm start
\`\`\`

\`HOST\` (127.0.0.1, in the image 0.0.0.0) and \`PORT\` (8080) say where it listens.

- \`GET /ping\` → \`{"status":"Healthy","time_of_last_update":<unix seconds>}\`, \`HealthyBusy\` while it answers someone
- \`POST /invocations\` with \`{"prompt": "...", "session_id"?: "..."}\` → the platform's answer with \`output\`, \`model\` and
  \`usage\`; its events with \`Accept: text/event-stream\`. Calls with the same header
  \`X-Amzn-Bedrock-AgentCore-Runtime-Session-Id\` are one conversation.

\`\`\`sh
curl -s localhost:8080/invocations -H 'content-type: application/json' -d ${shellQuoted(JSON.stringify({ prompt: text.example_messages[0] }))}
\`\`\`

## Run it without the platform's routes

A checkout or image of Nexus serves \`agent.json\` by itself, with the same two routes and without a database:

\`\`\`sh
npm run agent-server -- /path/to/agent.json
\`\`\`

## Messages to try

${text.example_messages.map((message) => `- ${message.replace(/\s+/gu, ' ')}`).join('\n')}
`;
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
