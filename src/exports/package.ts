import { z } from 'zod';
import { FORMATS } from '../integrations/catalogue/operation.js';
import { MOCK_MODES } from '../integrations/integration.js';

/** The manifest of a package. */
export const MANIFEST = 'nexus-package.json';
export const PACKAGE_MAX_BYTES = 25 * 1024 * 1024;
/** Of a package when it is unpacked. */
export const UNPACKED_MAX_BYTES = 200 * 1024 * 1024;
export const PACKAGE_MAX_FILES = 20_000;
/** Items of each kind that one package holds. */
export const ITEMS_MAX = 20;

const id = z.string().min(1).max(400);
const filePath = z.string().min(1).max(500);
const record = z.record(z.string(), z.unknown());

const agentSchema = z.strictObject({
  agent_id: id,
  project_id: id,
  description: z.string().max(2_000),
  category: z.string().max(200),
  tags: z.array(z.string().max(200)).max(100),
  /** The definition, as `npm run agent-server` reads it. */
  file: filePath,
});

const projectSchema = z.strictObject({
  project_id: id,
  project_name: z.string().min(1).max(200),
  requirement: z.string().min(1).max(100_000),
  tags: z.array(z.string().max(200)).max(100),
});

const toolSchema = z.strictObject({
  tool_id: id,
  project_id: id,
  /** Null: every agent of the project has it. */
  agent_id: id.nullable(),
  name: z.string().max(40),
  description: z.string().max(1_000),
  kind: z.string().max(40),
  config: record,
  /** Whether calls present a credential, which a package never holds. */
  needs_credential: z.boolean(),
});

const flowSchema = z.strictObject({
  flow_id: id,
  name: z.string().min(1).max(200),
  description: z.string().max(4_000),
  /** YAML. References to integrations and tools are their ids. */
  file: filePath,
});

const integrationSchema = z.strictObject({
  integration_id: id,
  name: z.string().min(1).max(120),
  format: z.enum(FORMATS),
  base_url: z.string().max(2_000).nullable(),
  source_url: z.string().max(2_000).nullable(),
  mock: z.enum(MOCK_MODES),
  needs_credential: z.boolean(),
  /** The document as it was imported. */
  file: filePath,
  /** Files that the document refers to, by their addresses. */
  references: z.record(z.string().max(2_000), filePath),
});

/** What stands in a package: everything that an import needs, in the order in which it is made. */
export const manifestSchema = z.strictObject({
  format_version: z.literal(1),
  name: z.string().min(1).max(100),
  nexus_version: z.string().max(40),
  integrations: z.array(integrationSchema).max(ITEMS_MAX),
  projects: z.array(projectSchema).max(ITEMS_MAX),
  agents: z.array(agentSchema).max(ITEMS_MAX),
  tools: z.array(toolSchema).max(1_000),
  flows: z.array(flowSchema).max(ITEMS_MAX),
  /** SHA-256 of each file that the import reads, by path. */
  files: z.record(filePath, z.string().regex(/^[0-9a-f]{64}$/)),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type PackedTool = z.infer<typeof toolSchema>;

/** Why an export is refused. */
export const EXPORT_CHECKS = [
  'credential_in_definition',
  'flow_not_published',
  'contract_tests_failing',
  'reference_missing',
  'agent_in_error',
  'too_large',
] as const;

export interface ExportReason {
  check: (typeof EXPORT_CHECKS)[number];
  severity: 'critical';
  /** The agent, flow, integration or tool. */
  subject: string;
  message: string;
  fix: string;
}

/** What only real secrets look like. */
const SECRETS: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}/,
  /\b[sr]k_live_[A-Za-z0-9]{16,}/,
  /\bgh[pousr]_[A-Za-z0-9]{30,}/,
  /\bgithub_pat_[A-Za-z0-9_]{30,}/,
  /\bAKIA[A-Z0-9]{16}\b/,
  /\bAIza[A-Za-z0-9_-]{35}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{20,}/,
  /(?<!\w)nxs_[A-Za-z0-9_-]{20,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  /:\/\/[^\s/:@"]+:[^\s/@"]{3,}@/,
];
/** Fields that hold a credential whatever it looks like. */
const SECRET_FIELD =
  /^(?:authorization|proxy-authorization|cookie|x-api-key|api[-_]?key|password|secret|client_secret|(?:access[-_]?)?token)$/i;

/** Places of a definition that hold what looks like a credential, as dotted paths. Expressions such as `${{ … }}` do not count. */
export function credentialsIn(value: unknown, at = ''): string[] {
  if (typeof value === 'string') return SECRETS.some((pattern) => pattern.test(value)) ? [at] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const path = at === '' ? key : `${at}.${key}`;
    const isCredential =
      typeof child === 'string' && child !== '' && SECRET_FIELD.test(key) && !/\$\{\{|^\{[^{}]*\}$/.test(child);
    return isCredential ? [path] : credentialsIn(child, path);
  });
}

/** A name for a folder or a file. */
export const slugOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .join('-')
    .slice(0, 60) || 'unnamed';

/** Each name once, with a number where two would be equal. */
export class Slugs {
  private readonly taken = new Set<string>();

  next(name: string): string {
    const base = slugOf(name);
    let slug = base;
    for (let copy = 2; this.taken.has(slug); copy++) slug = `${base}-${copy}`;
    this.taken.add(slug);
    return slug;
  }
}
