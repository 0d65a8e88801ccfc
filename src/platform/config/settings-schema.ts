import { z } from 'zod';

/** Names of version 1.0.0. They are still read; the new name wins. */
export const ENGINE_SETTING_ALIASES: Readonly<Record<string, string>> = {
  BUILD_ENGINE: 'ENGINE',
  BUILD_LEASE_SECONDS: 'ENGINE_LEASE_SECONDS',
  BUILD_HEARTBEAT_SECONDS: 'ENGINE_HEARTBEAT_SECONDS',
  BUILD_REAPER_SECONDS: 'ENGINE_REAPER_SECONDS',
};

type EngineSettings = Record<'ENGINE_LEASE_SECONDS' | 'ENGINE_HEARTBEAT_SECONDS', number>;

export function engineProblems(values: EngineSettings): string[] {
  return [
    ...(values.ENGINE_HEARTBEAT_SECONDS * 2 > values.ENGINE_LEASE_SECONDS
      ? [
          'ENGINE_HEARTBEAT_SECONDS: at most half of ENGINE_LEASE_SECONDS, so that one late heartbeat does not lose a run',
        ]
      : []),
  ];
}

/** `true`, `false`, `1` or `0`; undefined when it is not set. */
const optionalFlag = z
  .enum(['true', 'false', '1', '0'])
  .optional()
  .transform((value) => (value === undefined ? undefined : value === 'true' || value === '1'));

const flag = (byDefault: boolean) => optionalFlag.transform((value) => value ?? byDefault);

const integer = (byDefault: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault);

/** Durable execution: builds, background runs and whatever else outlives a request. */
const engineSettings = () => ({
  ENGINE: z.enum(['embedded', 'temporal']).default('embedded'),
  /** Takes new runs while Temporal cannot be reached; unset: they are refused. */
  ENGINE_FALLBACK: z.enum(['embedded']).optional(),
  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TASK_QUEUE: z.string().min(1).default('nexus'),
  TEMPORAL_TLS: flag(false),
  TEMPORAL_TLS_CA_FILE: z.string().min(1).optional(),
  TEMPORAL_TLS_CERT_FILE: z.string().min(1).optional(),
  TEMPORAL_TLS_KEY_FILE: z.string().min(1).optional(),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_WORKER: flag(true),
  /** Where Prometheus reads the SDK's own figures, such as 0.0.0.0:9464; unset: they go to the OTLP receiver, if there is one. */
  TEMPORAL_METRICS_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_CACHED_WORKFLOWS: z.coerce.number().int().min(0).max(100_000).optional(),
  ENGINE_LEASE_SECONDS: integer(30, 1, 3600),
  ENGINE_HEARTBEAT_SECONDS: integer(10, 1, 600),
  ENGINE_REAPER_SECONDS: integer(15, 1, 600),
});

/** How many processes serve, and how they leave. */
const lifecycleSettings = () => ({
  /** Processes that share the port of this machine; see `platform/lifecycle/cluster-primary.ts`. */
  WEB_CONCURRENCY: integer(1, 1, 256),
  /** How long requests are accepted after readiness turns 503, until load balancers notice. Undefined: 10 in production, else 0. */
  SHUTDOWN_DRAIN_SECONDS: z.coerce.number().min(0).max(300).optional(),
  /** How long requests in progress may then take. */
  SHUTDOWN_GRACE_SECONDS: integer(30, 0, 3600),
  /** How long idle connections are kept: longer than the load balancer's idle time-out, or it sends into a closed connection. */
  KEEP_ALIVE_SECONDS: integer(65, 1, 3600),
});

type LifecycleSettings = z.infer<z.ZodObject<ReturnType<typeof lifecycleSettings>>> & {
  NEXUS_DATABASE: 'embedded' | 'dynamodb';
};

/** The embedded database is a child of one process, with a lock on its directory. */
export function lifecycleProblems(values: LifecycleSettings): string[] {
  return values.WEB_CONCURRENCY > 1 && values.NEXUS_DATABASE === 'embedded'
    ? [
        'WEB_CONCURRENCY: the embedded database serves one process; several processes need a shared one: ' +
          'NEXUS_DATABASE=dynamodb with AWS credentials, or a DYNAMODB_ENDPOINT that all of them reach',
      ]
    : [];
}

/** The minimum length of every password. */
const SHORTEST_PASSWORD = 12;

/** Sign-in and tokens. */
const identitySettings = () => ({
  JWT_SECRET_KEY: z.string().optional(),
  JWT_ISSUER: z.string().min(1).default('nexus'),
  JWT_AUDIENCE: z.string().min(1).default('nexus-api'),
  NEXUS_ADMIN_EMAIL: z.email().default('admin@nexus.local'),
  NEXUS_ADMIN_PASSWORD: z.string().min(SHORTEST_PASSWORD).max(72).optional(),
  /** Lets anyone create an account and an organization. Invitations work either way. */
  NEXUS_ALLOW_REGISTRATION: flag(false),
  /** Fewer than 12 only in tests; see `load-settings.ts`. */
  NEXUS_BCRYPT_ROUNDS: integer(12, 4, 15),
});

const url = z.url({ protocol: /^https?$/ });

/** Sign-in through other providers. A provider is enabled when its client id and secret are set. */
const oauthSettings = () => ({
  /** Where browsers reach this platform: providers send them back to `<this>/api/v1/auth/<provider>/callback`. */
  NEXUS_PUBLIC_URL: url.optional(),
  /** The page that receives the one-time code as `?code=`. Undefined: browsers are sent to the console, programs get JSON. */
  OAUTH_RETURN_URL: url.optional(),
  OAUTH_GOOGLE_CLIENT_ID: z.string().min(1).optional(),
  OAUTH_GOOGLE_CLIENT_SECRET: z.string().min(1).optional(),
  /** Any OpenID Connect provider that has a discovery document. */
  OAUTH_GOOGLE_ISSUER: url.default('https://accounts.google.com'),
  OAUTH_GITHUB_CLIENT_ID: z.string().min(1).optional(),
  OAUTH_GITHUB_CLIENT_SECRET: z.string().min(1).optional(),
  OAUTH_GITHUB_AUTHORIZATION_URL: url.default('https://github.com/login/oauth/authorize'),
  OAUTH_GITHUB_TOKEN_URL: url.default('https://github.com/login/oauth/access_token'),
  OAUTH_GITHUB_API_URL: url.default('https://api.github.com'),
});

type OAuthSettings = z.infer<z.ZodObject<ReturnType<typeof oauthSettings>>> & { ENVIRONMENT: string };

/** A provider needs both of its settings, and production needs the URL that browsers use. */
export function oauthProblems(values: OAuthSettings): string[] {
  const problems: string[] = [];
  for (const [name, title] of [
    ['GOOGLE', 'Google'],
    ['GITHUB', 'GitHub'],
  ] as const) {
    const [id, secret] = [values[`OAUTH_${name}_CLIENT_ID`], values[`OAUTH_${name}_CLIENT_SECRET`]];
    if ((id === undefined) !== (secret === undefined))
      problems.push(`OAUTH_${name}_CLIENT_ID and OAUTH_${name}_CLIENT_SECRET: set both or neither`);
    if (id !== undefined && values.ENVIRONMENT === 'production' && values.NEXUS_PUBLIC_URL === undefined)
      problems.push(`NEXUS_PUBLIC_URL: sign-in through ${title} needs the URL that browsers use`);
  }
  return [...new Set(problems)];
}

/** Mail of the platform itself: password resets, verification of addresses, sign-in links. */
const mailSettings = () => ({
  /** `smtps://user:password@host:465`, or `smtp://host:587?requireTLS=true`. Without it development prints each message; elsewhere no mail is sent. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  /** The sender, as an address or as `Name <address>`. */
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n@]*@[^\r\n]+$/, 'must be an email address, or Name <address>')
    .default('Nexus <nexus@localhost>'),
  /** The page that mails link to, as `<page>#action=<purpose>&token=<token>`. Without it a mail carries the token alone. */
  MAIL_LINK_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The pause before the second attempt; each later one is twice as long. */
  MAIL_RETRY_MS: integer(5_000, 10, 600_000),
  MAIL_POLL_SECONDS: integer(5, 1, 600),
});

const HOST = /^(?:\*|\.?[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/i;

const origins = z
  .string()
  .default('[]')
  .transform((text, context): string[] => {
    try {
      return z.array(z.string()).parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a JSON list of origins, e.g. ["https://console.example.com"]',
      });
      return z.NEVER;
    }
  });

/** A list separated by commas. */
const names = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );

/** What the HTTP edge accepts. */
const edgeSettings = () => ({
  /** Whether the console is served at /console. */
  NEXUS_CONSOLE: flag(true),
  ALLOWED_ORIGINS: origins,
  /** Names without port, `.example.com` for subdomains, `*` for any. Empty: see `platform/http/edge.ts`. */
  NEXUS_ALLOWED_HOSTS: names.refine((hosts) => hosts.every((host) => HOST.test(host)), {
    message: 'must be host names without scheme and port, separated by commas, e.g. nexus.example.com,.internal',
  }),
  /** Seconds to receive a whole request. */
  REQUEST_TIMEOUT_SECONDS: integer(60, 1, 600),
  RATE_LIMIT_PER_MINUTE: integer(600, 1, 1_000_000_000),
  RATE_LIMIT_AUTH_PER_MINUTE: integer(20, 1, 1_000_000_000),
  RATE_LIMIT_ORCHESTRATION_PER_MINUTE: integer(100, 1, 1_000_000_000),
  /** Server-Sent Event streams that one principal may hold open in one process. */
  EVENT_STREAMS_PER_PRINCIPAL: integer(50, 1, 100_000),
  /** Shares rate limits between processes. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted: IPs, networks, or `loopback`, `linklocal`, `uniquelocal`. */
  TRUSTED_PROXIES: names,
});

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

/** Language models. `.env.example` describes each setting, `docs/models.md` how they act. */
const modelSettings = () => ({
  MODEL_PROVIDER: z.enum(['offline', 'openai', 'anthropic', 'bedrock']).default('offline'),
  MODEL_ID: z.string().min(1).max(200).optional(),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).default(OPENAI_API),
  OPENAI_API_KEY: z.string().optional(),
  /** How JSON is requested: by schema, or (for servers without schema support) as any JSON, with the schema in the prompt. */
  OPENAI_STRUCTURED_OUTPUT: z.enum(['json_schema', 'json_object']).default('json_schema'),
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.anthropic.com/v1'),
  ANTHROPIC_API_KEY: z.string().optional(),
  /** Undefined: the public endpoint of AWS_REGION. */
  BEDROCK_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** A Bedrock API key. Undefined: calls are signed with credentials from the AWS credential chain. */
  AWS_BEARER_TOKEN_BEDROCK: z.string().optional(),
  MODEL_TIMEOUT_SECONDS: integer(60, 1, 600),
  MODEL_MAX_RETRIES: integer(2, 0, 10),
  /** The circuit breaker opens when over half of the last calls (twice this value) were outages or time-outs; it needs at least this many calls. */
  MODEL_BREAKER_FAILURES: integer(5, 1, 100),
  MODEL_BREAKER_SECONDS: integer(30, 1, 3600),
  MODEL_PRICES: prices,
  /** Share of the judged acceptance examples that must pass, 0 to 1. Undefined: nothing is judged, only the checks by rule decide. */
  ACCEPTANCE_JUDGED_PASS_MARK: z.coerce.number().min(0).max(1).optional(),
});

type ModelSettings = z.infer<z.ZodObject<ReturnType<typeof modelSettings>>>;

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

/** Names that point the AWS SDK to credentials. The SDK reads them itself; the platform only asks whether any is set. */
export const CREDENTIAL_SOURCES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
] as const;

const present = z.string().optional();
const credentialSources = Object.fromEntries(CREDENTIAL_SOURCES.map((name) => [name, present])) as Record<
  (typeof CREDENTIAL_SOURCES)[number],
  typeof present
>;

/** Where records are kept. */
const databaseSettings = () => ({
  NEXUS_DATABASE: z.enum(['embedded', 'dynamodb']).optional(),
  NEXUS_DATA_DIR: z.string().min(1).default('.nexus'),
  NEXUS_TABLE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.-]*$/, 'may contain only letters, digits, _ . and -')
    .default(''),
  DYNAMODB_ENDPOINT: z.url().optional(),
  DYNAMODB_TIMEOUT_SECONDS: integer(3, 1, 60),
  AWS_REGION: z.string().min(1).default('us-east-1'),
  ...credentialSources,
});

const buildSettings = () => ({
  BUILD_SLOTS: integer(4, 0, 64),
  BUILD_STAGE_PAUSE_MS: integer(0, 0, 60_000),
});

/** Calls to other hosts. */
const outgoingSettings = () => ({
  /** Lets the platform call private and loopback addresses that a user names. Cloud metadata and its own ports stay refused. */
  NEXUS_ALLOW_PRIVATE_ADDRESSES: flag(false),
});

/** A number with k, m or g: 1,024 bytes and its powers. */
const fileSize = z.string().regex(/^[1-9]\d*[kmg]$/i, 'must be a number with k, m or g, e.g. 50m');

/** Logs and traces. Metrics are always on. */
const observabilitySettings = () => ({
  /** Undefined: pretty on a terminal in development, JSON lines elsewhere. */
  LOG_FORMAT: z.enum(['json', 'pretty']).optional(),
  /** The level of the one line per request; `silent` writes none. */
  LOG_ACCESS_LEVEL: z.enum(['trace', 'debug', 'info', 'silent']).default('info'),
  /** Also writes lines to this file, with a number before the extension: `nexus.log` becomes `nexus.1.log`. */
  LOG_FILE: z.string().min(1).optional(),
  LOG_FILE_MAX_SIZE: fileSize.default('50m'),
  LOG_FILE_FREQUENCY: z.enum(['daily', 'hourly']).optional(),
  /** Rotated files to keep besides the current one. */
  LOG_FILE_KEEP: integer(10, 1, 1000),
  /** Database calls that take at least this many milliseconds are logged as slow; 0: none. */
  LOG_SLOW_QUERY_MS: integer(500, 0, 60_000),
  /** Whether responses to authenticated callers carry `Server-Timing`. */
  SERVER_TIMING: flag(true),
  /** Undefined: on where an OTLP endpoint is set. */
  NEXUS_TRACING: optionalFlag,
  /** Puts prompts, answers, tool arguments and results into spans. */
  NEXUS_TRACE_CONTENT: flag(false),
  /** Base address of the OTLP/HTTP receiver; spans go to `/v1/traces` below it. The SDK reads the other OTEL_* names itself. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_SERVICE_NAME: z.string().min(1).default('nexus'),
});

/** Partnerships of the orchestration. */
const partnershipSettings = () => ({
  /** How often a process looks for due probes; 0: never. */
  PARTNERSHIP_TICK_MS: integer(500, 0, 60_000),
});

/** Runs of agents: streamed, in the background, and what ends them. */
const runSettings = () => ({
  BACKGROUND_RUN_SLOTS: integer(16, 0, 1_000),
  APPROVAL_EXPIRES_SECONDS: integer(86_400, 1, 30 * 86_400),
  FLOW_RUN_SLOTS: integer(50, 0, 1_000),
  BACKGROUND_RUN_GRACE_SECONDS: integer(10, 0, 600),
  RUN_LEASE_SECONDS: integer(30, 3, 600),
  RUN_SWEEP_SECONDS: integer(15, 1, 600),
  WEBHOOK_RETRY_MS: integer(5_000, 10, 3_600_000),
  WEBHOOK_POLL_SECONDS: integer(5, 1, 600),
});

const ACCOUNT = '[0-9]{12}';

/** Where agents run, and the server of one agent. */
const runtimeSettings = () => ({
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
});

const KEY_BYTES = 32;

const encryptionKeys = z
  .string()
  .optional()
  .transform((text, context): Buffer[] | undefined => {
    if (text === undefined) return undefined;
    const keys = text.split(',').map((key) => Buffer.from(key.trim(), 'base64'));
    if (keys.every((key) => key.length === KEY_BYTES)) return keys;
    context.addIssue({ code: 'custom', message: 'must be keys of 32 bytes in base64, separated by commas' });
    return z.NEVER;
  });

/** Tools of agents. */
const toolSettings = () => ({
  /** The first key seals stored credentials, all of them open; see {@link SecretBox}. */
  NEXUS_ENCRYPTION_KEY: encryptionKeys,
  /** Lets developers attach MCP servers that the platform starts as programs, with its rights on this machine. */
  NEXUS_ALLOW_STDIO_TOOLS: flag(false),
});

/** Executables that generate clients of imported APIs. The one for TypeScript is a package in `generators`. */
const clientSettings = () => ({
  CLIENT_GENERATOR_PYTHON: z.string().min(1).optional(),
  CLIENT_GENERATOR_GO: z.string().min(1).optional(),
});

/**
 * Every setting of the platform with its bounds and default, by group. `.env.example` lists the same names. Made for one reading: kept, it
 * would take memory for as long as the process runs.
 */
export const settingsSchema = () =>
  z.object({
    ENVIRONMENT: z.enum(['development', 'test', 'production']).default('development'),
    API_HOST: z.string().min(1).optional(),
    API_PORT: integer(8000, 0, 65535),
    LOG_LEVEL: z
      .string()
      .default('INFO')
      .transform((level) => level.toLowerCase())
      .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'critical', 'silent'])),
    ...lifecycleSettings(),
    ...identitySettings(),
    ...oauthSettings(),
    ...mailSettings(),
    ...edgeSettings(),
    ...modelSettings(),
    ...databaseSettings(),
    ...engineSettings(),
    ...buildSettings(),
    ...outgoingSettings(),
    ...observabilitySettings(),
    ...partnershipSettings(),
    ...runSettings(),
    ...runtimeSettings(),
    ...toolSettings(),
    ...clientSettings(),
  });

export type Settings = z.infer<ReturnType<typeof settingsSchema>> & {
  API_HOST: string;
  NEXUS_DATABASE: 'embedded' | 'dynamodb';
  SHUTDOWN_DRAIN_SECONDS: number;
};
