import { z } from 'zod';

/** Bounds of a definition and of its runs. */
export const FLOW_LIMITS = {
  steps: 200,
  items: 1_000,
  depth: 5,
  step_runs: 10_000,
  result_bytes: 256 * 1024,
  run_seconds: 30 * 86_400,
  definition_bytes: 300_000,
} as const;

/** Roles that an approval can name. Viewers change nothing. */
const DECIDING_ROLES = ['developer', 'orchestration_manager', 'admin'] as const;

const DAY = 86_400;
const TEXT_MAX = 20_000;

/** Also a CEL name, so that `steps.<id>` can be written. */
export const stepIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be 1 to 64 lowercase letters, digits or underscores, starting with a letter');

const text = z.string().min(1).max(TEXT_MAX);
const expression = z.string().min(1).max(4_000);
const name = z.string().min(1).max(250);
const json = z.json();
const address = z.string().min(1).max(4_000);
const headers = z
  .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), z.string().max(4_000))
  .refine((all) => Object.keys(all).length <= 20, 'at most 20 headers');
const seconds = (max: number) => z.number().min(0.001).max(max);
const expiry = z.number().int().min(1).max(FLOW_LIMITS.run_seconds);

const callSchema = z.strictObject({ integration: name, operation: name, input: json.optional() });
const toolSchema = z.strictObject({ name, operation: name.optional(), input: json.optional() });
const agentSchema = z.strictObject({ agent_id: name, input: text });
const httpSchema = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  url: address,
  headers: headers.default({}),
  body: json.optional(),
});
const codeSchema = z.strictObject({ source: z.string().min(1).max(20_000), input: json.optional() });
const approvalSchema = z.strictObject({
  roles: z.array(z.enum(DECIDING_ROLES)).min(1).max(3).default(['developer']),
  message: text.optional(),
  expires_seconds: expiry.default(7 * DAY),
  on_expiry: z.enum(['reject', 'approve', 'fail']).default('reject'),
});
const waitSchema = z
  .strictObject({
    seconds: z.union([z.number().min(0).max(FLOW_LIMITS.run_seconds), expression]).optional(),
    until: expression.optional(),
  })
  .refine((wait) => (wait.seconds === undefined) !== (wait.until === undefined), 'needs either seconds or until');
const waitForSchema = z.strictObject({
  signal: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, 'must be 1 to 100 letters, digits, dots, underscores or hyphens'),
  expires_seconds: expiry.default(7 * DAY),
  on_expiry: z.enum(['fail', 'continue']).default('fail'),
});
const flowSchema = z.strictObject({
  flow_id: name,
  version: z.number().int().min(1).optional(),
  input: json.optional(),
});
const webhookSchema = z.strictObject({ url: address, headers: headers.default({}), body: json.optional() });

const retrySchema = z.strictObject({
  max_attempts: z.number().int().min(1).max(20).default(3),
  initial_seconds: seconds(3_600).default(1),
  factor: z.number().min(1).max(10).default(2),
  max_seconds: seconds(DAY).default(60),
  jitter: z.boolean().default(true),
});

const compensateSchema = z
  .strictObject({
    call: callSchema.optional(),
    tool: toolSchema.optional(),
    http: httpSchema.optional(),
    webhook: webhookSchema.optional(),
    agent: agentSchema.optional(),
    code: codeSchema.optional(),
    idempotency_key: text.optional(),
    retry: retrySchema.optional(),
    timeout_seconds: seconds(3_600).optional(),
  })
  .refine(
    (step) => COMPENSATING_KINDS.filter((kind) => step[kind] !== undefined).length === 1,
    `needs exactly one of call, tool, http, webhook, agent, code`,
  );

const inner: z.ZodType<FlowStep[]> = z.lazy(() => z.array(stepSchema).min(1).max(FLOW_LIMITS.steps));

const forEachSchema = z.strictObject({
  items: z.union([expression, z.array(json).max(FLOW_LIMITS.items)]),
  max_parallel: z.number().int().min(1).max(50).default(5),
  steps: inner,
  output: json.optional(),
});
const switchSchema = z.strictObject({
  cases: z
    .array(z.strictObject({ name: stepIdSchema.optional(), when: expression, steps: inner }))
    .min(1)
    .max(20),
  default: inner.optional(),
});

/** The kinds of a step, each with what it holds. A step has exactly one. */
export const STEP_KINDS = {
  call: callSchema,
  tool: toolSchema,
  agent: agentSchema,
  http: httpSchema,
  code: codeSchema,
  transform: json,
  approval: approvalSchema,
  wait: waitSchema,
  wait_for: waitForSchema,
  flow: flowSchema,
  for_each: forEachSchema,
  switch: switchSchema,
  webhook: webhookSchema,
} as const;

export type StepKind = keyof typeof STEP_KINDS;
export const STEP_KIND_NAMES = Object.keys(STEP_KINDS) as StepKind[];
const COMPENSATING_KINDS = ['call', 'tool', 'http', 'webhook', 'agent', 'code'] as const;

const plainStepSchema = z.strictObject({
  id: stepIdSchema,
  name: z.string().min(1).max(200).optional(),
  needs: z.array(stepIdSchema).max(FLOW_LIMITS.steps).default([]),
  when: expression.optional(),
  retry: retrySchema.optional(),
  /** Of one attempt. */
  timeout_seconds: seconds(3_600).optional(),
  idempotency_key: text.optional(),
  compensate: compensateSchema.optional(),
  on_error: z.union([z.enum(['fail', 'continue']), z.strictObject({ goto: stepIdSchema })]).default('fail'),
  call: callSchema.optional(),
  tool: toolSchema.optional(),
  agent: agentSchema.optional(),
  http: httpSchema.optional(),
  code: codeSchema.optional(),
  transform: json.optional(),
  approval: approvalSchema.optional(),
  wait: waitSchema.optional(),
  wait_for: waitForSchema.optional(),
  flow: flowSchema.optional(),
  webhook: webhookSchema.optional(),
});

export interface FlowStep extends z.infer<typeof plainStepSchema> {
  for_each?: z.infer<typeof forEachSchema> | undefined;
  switch?: z.infer<typeof switchSchema> | undefined;
}

const stepSchema: z.ZodType<FlowStep> = plainStepSchema.extend({
  for_each: forEachSchema.optional(),
  switch: switchSchema.optional(),
});

export const definitionSchema = z.strictObject({
  input_schema: z.record(z.string(), json).optional(),
  /** Of the whole run. */
  timeout_seconds: z.number().int().min(1).max(FLOW_LIMITS.run_seconds).optional(),
  max_cost_usd: z.number().min(0).max(1_000_000).optional(),
  dead_letters: z.boolean().default(true),
  concurrency: z
    .strictObject({ key: text, policy: z.enum(['queue', 'skip', 'cancel_running']).default('queue') })
    .optional(),
  steps: z.array(stepSchema).min(1).max(FLOW_LIMITS.steps),
  output: json.optional(),
});

export type Retry = z.infer<typeof retrySchema>;
export type Compensation = z.infer<typeof compensateSchema>;
export type FlowDefinition = z.infer<typeof definitionSchema>;
export type StepConfig<K extends StepKind> = NonNullable<FlowStep[K]>;

/** The kind of a step that fits the schema and has exactly one. */
export function kindOf(step: FlowStep): StepKind {
  const kind = kindsOf(step)[0];
  if (kind === undefined) throw new RangeError(`step ${step.id} has no kind`);
  return kind;
}

/** Every kind that a step names; a valid one names one. */
export function kindsOf(step: object): StepKind[] {
  return STEP_KIND_NAMES.filter((kind) => (step as Partial<Record<StepKind, unknown>>)[kind] !== undefined);
}

/** Groups of steps that a step holds, with the path of each below the step. */
export function innerSteps(
  step: FlowStep,
): { path: (string | number)[]; steps: FlowStep[]; case_name: string | null }[] {
  if (step.for_each) return [{ path: ['for_each', 'steps'], steps: step.for_each.steps, case_name: null }];
  if (!step.switch) return [];
  const cases = step.switch.cases.map((one, index) => ({
    path: ['switch', 'cases', index, 'steps'],
    steps: one.steps,
    case_name: caseName(one, index),
  }));
  const otherwise = step.switch.default;
  return otherwise ? [...cases, { path: ['switch', 'default'], steps: otherwise, case_name: 'default' }] : cases;
}

/** A case without a name is called by its number, from 1. */
export const caseName = (one: { name?: string | undefined }, index: number): string => one.name ?? `case_${index + 1}`;
