import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { LanguageModelMiddleware } from 'ai';

const FENCE = '```';

/** Structured answers of servers of every kind: the fence around JSON goes, and where the server knows no schemas the prompt tells it. */
export function jsonMode(serverKnowsSchemas: boolean): LanguageModelMiddleware {
  return {
    specificationVersion: 'v4',
    transformParams: async ({ params }) => (serverKnowsSchemas ? params : withSchemaInPrompt(params)),
    wrapGenerate: async ({ doGenerate, params }) => {
      const result = await doGenerate();
      if (params.responseFormat?.type !== 'json') return result;
      const content = result.content.map((part) =>
        part.type === 'text' ? { ...part, text: withoutFence(part.text) } : part,
      );
      return { ...result, content };
    },
  };
}

/** Without "```json" … "```" around the whole answer: many models write it although they were asked for JSON alone. */
function withoutFence(text: string): string {
  const answer = text.trim();
  const start = answer.indexOf('\n') + 1;
  const isFenced = answer.startsWith(FENCE) && answer.endsWith(FENCE) && start <= answer.length - FENCE.length;
  if (!isFenced || !['', 'json'].includes(answer.slice(FENCE.length, start).trim())) return text;
  return answer.slice(start, -FENCE.length).replace(/\n$/, '');
}

function withSchemaInPrompt(params: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const { responseFormat, prompt } = params;
  if (responseFormat?.type !== 'json' || responseFormat.schema === undefined) return params;
  const schema = `JSON Schema of your answer:\n${JSON.stringify(responseFormat.schema)}`;
  const [first, ...rest] = prompt;
  if (first?.role !== 'system') return { ...params, prompt: [{ role: 'system', content: schema }, ...prompt] };
  return { ...params, prompt: [{ ...first, content: `${first.content}\n\n${schema}` }, ...rest] };
}
