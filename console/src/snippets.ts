interface Target {
  origin: string;
  agent_id: string;
  key: string;
}

const encoded = ({ agent_id }: Target): string => encodeURIComponent(agent_id);
const QUESTION = 'What can you do?';
/** In programs a key that is not known yet comes from the environment. */
const inJs = (key: string): string => (key.startsWith('$') ? 'process.env.NEXUS_API_KEY' : `'${key}'`);
const inPython = (key: string): string => (key.startsWith('$') ? 'os.environ["NEXUS_API_KEY"]' : `"${key}"`);

/** How programs call an agent, over each of the platform's protocols. */
export const snippets = {
  curl: {
    label: 'curl',
    code: (target: Target) => `curl -N ${target.origin}/api/v1/agents/${encoded(target)}/invoke \\
  -H "X-API-Key: ${target.key}" \\
  -H "Content-Type: application/json" \\
  -H "Accept: text/event-stream" \\
  -d '{"input_text": "${QUESTION}"}'`,
  },
  typescript: {
    label: 'TypeScript',
    code: (target: Target) => `const answer = await fetch('${target.origin}/api/v1/agents/${encoded(target)}/invoke', {
  method: 'POST',
  headers: { 'X-API-Key': ${inJs(target.key)}, 'Content-Type': 'application/json' },
  body: JSON.stringify({ input_text: '${QUESTION}' }),
});
const { data } = await answer.json();
console.log(data.output);`,
  },
  python: {
    label: 'Python',
    code: (target: Target) => `import json, os, urllib.request

request = urllib.request.Request(
    "${target.origin}/api/v1/agents/${encoded(target)}/invoke",
    data=json.dumps({"input_text": "${QUESTION}"}).encode(),
    headers={"X-API-Key": ${inPython(target.key)}, "Content-Type": "application/json"},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["data"]["output"])`,
  },
  openai: {
    label: 'OpenAI SDK',
    code: (target: Target) => `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${target.origin}/v1', apiKey: ${inJs(target.key)} });
const stream = await client.chat.completions.create({
  model: '${target.agent_id}',
  messages: [{ role: 'user', content: '${QUESTION}' }],
  stream: true,
});
for await (const part of stream) process.stdout.write(part.choices[0]?.delta?.content ?? '');`,
  },
  mcp: {
    label: 'MCP',
    code: (target: Target) => `{
  "mcpServers": {
    "nexus": {
      "type": "http",
      "url": "${target.origin}/mcp/agents/${encoded(target)}",
      "headers": { "Authorization": "Bearer ${target.key}" }
    }
  }
}`,
  },
  a2a: {
    label: 'A2A',
    code: (target: Target) => `# The agent's card names its skills and endpoints.
curl ${target.origin}/a2a/agents/${encoded(target)}/.well-known/agent-card.json \\
  -H "X-API-Key: ${target.key}"`,
  },
} as const;

export type SnippetLanguage = keyof typeof snippets;
