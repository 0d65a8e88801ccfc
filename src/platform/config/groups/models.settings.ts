import { z } from 'zod';
import { integer } from '../setting-kinds.js';

export const OPENAI_API = 'https://api.openai.com/v1';

const price = z.strictObject({ input: z.number().min(0), output: z.number().min(0) });

const prices = z
  .string()
  .default('{}')
  .transform((text, context) => {
    try {
      return z.record(z.string(), price).parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: 'custom',
        message:
          'must be JSON of model ids with US dollars per million tokens, e.g. {"llama3.2":{"input":0,"output":0}}',
      });
      return z.NEVER;
    }
  });

/** Language models. `docs/models.md` explains each of them. */
export const modelSettings = {
  MODEL_PROVIDER: z.enum(['offline', 'openai', 'anthropic', 'bedrock']).default('offline'),
  MODEL_ID: z.string().min(1).max(200).optional(),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).default(OPENAI_API),
  OPENAI_API_KEY: z.string().optional(),
  /** How a server is asked for JSON: by schema, or (for servers that know no schemas) as any JSON with the schema in the prompt. */
  OPENAI_STRUCTURED_OUTPUT: z.enum(['json_schema', 'json_object']).default('json_schema'),
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.anthropic.com/v1'),
  ANTHROPIC_API_KEY: z.string().optional(),
  /** Undefined: the public endpoint of AWS_REGION. */
  BEDROCK_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** A key of Bedrock itself. Undefined: calls are signed by what the AWS credential chain finds. */
  AWS_BEARER_TOKEN_BEDROCK: z.string().optional(),
  MODEL_TIMEOUT_SECONDS: integer(60, 1, 600),
  MODEL_MAX_RETRIES: integer(2, 0, 10),
  MODEL_BREAKER_FAILURES: integer(5, 1, 100),
  MODEL_BREAKER_SECONDS: integer(30, 1, 3600),
  MODEL_PRICES: prices,
  /** Share of the judged acceptance examples that must pass, 0 to 1. Undefined: nothing is judged, only the checks by rule decide. */
  ACCEPTANCE_JUDGED_PASS_MARK: z.coerce.number().min(0).max(1).optional(),
};

type ModelSettings = z.infer<z.ZodObject<typeof modelSettings>>;

/** What the chosen provider still needs, so that a start says all of it instead of the first call. */
export function modelProblems(values: ModelSettings): string[] {
  const provider = values.MODEL_PROVIDER;
  if (provider === 'offline') return [];
  const problems: string[] = [];
  if (values.MODEL_ID === undefined)
    problems.push(`MODEL_ID: MODEL_PROVIDER=${provider} needs the id of the model to use`);
  if (provider === 'openai' && values.OPENAI_BASE_URL === OPENAI_API && values.OPENAI_API_KEY === undefined)
    problems.push('OPENAI_API_KEY: MODEL_PROVIDER=openai needs a key, or OPENAI_BASE_URL of a server that needs none');
  if (provider === 'anthropic' && values.ANTHROPIC_API_KEY === undefined)
    problems.push('ANTHROPIC_API_KEY: MODEL_PROVIDER=anthropic needs a key');
  return problems;
}
