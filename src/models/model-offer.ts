import type { Settings } from '../platform/config/settings.js';

const OLLAMA = 'http://127.0.0.1:11434';
const ANSWERS_WITHIN_MS = 500;
const MODEL_NAME = /^[\w.:/-]{1,100}$/;
const KEYS = [
  ['ANTHROPIC_API_KEY', 'anthropic'],
  ['OPENAI_API_KEY', 'openai'],
  ['AWS_BEARER_TOKEN_BEDROCK', 'bedrock'],
] as const;

/**
 * One line about a language model that this machine could use, for a start in development on the offline model: a provider's key
 * in the environment, or Ollama on its default port. Nothing is used, and no other host is called.
 * @param ollama address of Ollama; it is asked for its models, for at most 500 ms
 */
export async function modelOffer(settings: Settings, ollama = OLLAMA): Promise<string | undefined> {
  if (settings.get('ENVIRONMENT') !== 'development' || settings.get('MODEL_PROVIDER') !== 'offline') return undefined;
  const key = KEYS.find(([name]) => settings.get(name) !== undefined);
  if (key)
    return `${key[0]} is set but not used. To use it: MODEL_PROVIDER=${key[1]} MODEL_ID=<a model's id> npm start`;
  const model = await ollamaModel(ollama);
  return model === undefined
    ? undefined
    : `Ollama runs on this machine but is not used. To use it: MODEL_PROVIDER=openai MODEL_ID=${model} OPENAI_BASE_URL=${ollama}/v1 npm start`;
}

async function ollamaModel(ollama: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${ollama}/api/tags`, {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    const { models = [] } = (await response.json()) as { models?: { name: string }[] };
    const names = models.map(({ name }) => name).filter((name) => MODEL_NAME.test(name));
    return names.find((name) => !name.includes('embed')) ?? '<a model that you pulled>';
  } catch {
    return undefined;
  }
}
