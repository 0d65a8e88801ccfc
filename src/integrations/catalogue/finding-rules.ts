import { deref } from './pagination.js';
import type { Catalogue, JsonSchema, Operation, Severity } from './operation.js';
import { standalone, schemaFaults } from './operation-schemas.js';

/** What a rule takes off the score when every operation breaks it. */
const WEIGHTS: Readonly<Record<Severity, number>> = { error: 15, warning: 6, info: 2 };
const FINDINGS_PER_RULE = 500;
/** Examples are held to their schemas for so long; the rest is not checked. */
const EXAMPLES_MS = 3_000;
const EXAMPLE_SCHEMA_MAX = 50_000;

export interface Finding {
  rule: string;
  severity: Severity;
  /** A JSON pointer into the document. */
  pointer: string;
  message: string;
  fix: string;
}

export interface Findings {
  /** 100 minus, for each rule, its weight times the share of operations that break it; 0 to 100. */
  score: number;
  counts: Record<Severity, number>;
  findings: Finding[];
}

type Found = { pointer: string; message: string };

interface Rule {
  rule: string;
  severity: Severity;
  fix: string;
  look: (catalogue: Catalogue) => Found[];
}

/** A rule of single operations. */
const each = (test: (operation: Operation, catalogue: Catalogue) => string | undefined) => (catalogue: Catalogue) =>
  catalogue.operations.flatMap((operation): Found[] => {
    const message = operation.callable ? test(operation, catalogue) : undefined;
    return message === undefined ? [] : [{ pointer: operation.pointer, message: `${titleOf(operation)} ${message}` }];
  });

const noted = (rule: string) => (catalogue: Catalogue) =>
  catalogue.notes.filter((note) => note.rule === rule).map(({ pointer, message }) => ({ pointer, message }));

const titleOf = ({ method, path, name }: Operation): string => (path === '/' ? name : `${method} ${path}`);

/** Every rule. Adding one adds an entry. */
const RULES: readonly Rule[] = [
  {
    rule: 'no-authentication',
    severity: 'error',
    fix: 'Declare a security scheme and require it.',
    look: each(({ auth, risk }, { format }) =>
      auth.length === 0 && risk !== 'read' && format !== 'graphql' ? 'changes data without authentication.' : undefined,
    ),
  },
  {
    rule: 'weak-authentication',
    severity: 'warning',
    fix: 'Use bearer tokens or OAuth; an API key belongs in a header.',
    look: each(({ auth }) => {
      const isWeak = auth.some((group) =>
        group.some(({ type, in: place }) => type === 'basic' || (type === 'api_key' && place === 'query')),
      );
      return isWeak ? 'uses basic authentication or an API key in the URL.' : undefined;
    }),
  },
  {
    rule: 'plain-http',
    severity: 'error',
    fix: 'Serve the API over HTTPS only.',
    look: (catalogue) =>
      catalogue.servers
        .filter((server) => /^http:\/\/(?!localhost\b|127\.|\[::1\])/i.test(server))
        .map((server) => ({ pointer: serversPointer(catalogue), message: `${server} is not encrypted.` })),
  },
  {
    rule: 'no-error-answers',
    severity: 'warning',
    fix: 'Describe the errors that callers must handle.',
    look: each(({ answers }, { format }) =>
      format === 'openapi' && !answers.some(({ status }) => /^[45]|^default$/.test(status))
        ? 'describes no error response.'
        : undefined,
    ),
  },
  {
    rule: 'no-retry-after',
    severity: 'warning',
    fix: 'Describe a 429 response with a Retry-After header.',
    look: (catalogue) => {
      const isLimited = catalogue.operations.some(({ rate_limit }) => rate_limit !== null);
      if (!isLimited) return [];
      return each(({ answers }) => {
        const limit = answers.find(({ status }) => status === '429');
        if (!limit) return 'belongs to an API with rate limits but describes no 429 response.';
        return limit.headers.includes('retry-after') ? undefined : 'describes a 429 response without Retry-After.';
      })(catalogue);
    },
  },
  {
    rule: 'unbounded-list',
    severity: 'warning',
    fix: 'Split the list into pages.',
    look: each((operation, { schemas, format }) => {
      if (operation.method !== 'GET' || operation.pagination.kind !== 'none' || format !== 'openapi') return undefined;
      const answer = operation.answers.find(({ status }) => status.startsWith('2'));
      const body = deref(answer?.schema ?? undefined, schemas);
      return [body['type']].flat().includes('array') && body['maxItems'] === undefined
        ? 'returns a list of unbounded length.'
        : undefined;
    }),
  },
  {
    rule: 'operation-id-missing',
    severity: 'warning',
    fix: 'Give each operation an operationId.',
    look: noted('operation-id-missing'),
  },
  {
    rule: 'operation-id-duplicate',
    severity: 'error',
    fix: 'Give each operation a unique operationId.',
    look: ({ operations, format }) => {
      const seen = new Set<string>();
      return operations.flatMap(({ source_id, pointer }) => {
        if (source_id === null || format !== 'openapi') return [];
        const isTaken = seen.has(source_id);
        seen.add(source_id);
        return isTaken ? [{ pointer, message: `operationId ${source_id} is used twice.` }] : [];
      });
    },
  },
  {
    rule: 'example-does-not-fit',
    severity: 'warning',
    fix: 'Correct the example, or the schema.',
    look: badExamples,
  },
  {
    rule: 'schema-without-type',
    severity: 'info',
    fix: 'Give the schema a type.',
    look: (catalogue) =>
      Object.entries(catalogue.schemas).flatMap(([name, schema]) =>
        catalogue.format === 'openapi' && !isTyped(schema)
          ? [{ pointer: schemaPointer(catalogue, name), message: `${name} has no type.` }]
          : [],
      ),
  },
  {
    rule: 'inconsistent-naming',
    severity: 'info',
    fix: 'Use one naming style for all names.',
    look: mixedNames,
  },
  {
    rule: 'deprecated-operation',
    severity: 'info',
    fix: 'Use its replacement.',
    look: each(({ deprecated }) => (deprecated ? 'is deprecated.' : undefined)),
  },
  {
    rule: 'no-idempotency-key',
    severity: 'info',
    fix: 'Accept an Idempotency-Key header, so that a retry is safe.',
    look: each(({ idempotent, risk }, { format }) =>
      !idempotent && risk === 'write' && format === 'openapi' ? 'cannot be retried safely.' : undefined,
    ),
  },
  {
    rule: 'secret-in-example',
    severity: 'error',
    fix: 'Revoke the secret and remove it from the document.',
    look: secretExamples,
  },
  {
    rule: 'scripts-not-run',
    severity: 'info',
    fix: 'Reproduce what the script did in the caller.',
    look: noted('scripts-not-run'),
  },
  {
    rule: 'schema-rule',
    severity: 'info',
    fix: 'Correct the schema as its specification says.',
    look: noted('schema-rule'),
  },
];

const known = new WeakMap<Catalogue, Findings>();

/** What the rules find, and the score. */
export function findingsOf(catalogue: Catalogue): Findings {
  const before = known.get(catalogue);
  if (before) return before;
  const operations = Math.max(1, catalogue.operations.length);
  const counts = { error: 0, warning: 0, info: 0 };
  let lost = 0;
  const findings = RULES.flatMap(({ rule, severity, fix, look }) => {
    const found = look(catalogue);
    counts[severity] += found.length;
    lost += WEIGHTS[severity] * Math.min(1, found.length / operations);
    return found.slice(0, FINDINGS_PER_RULE).map((one): Finding => ({ rule, severity, ...one, fix }));
  });
  const result = { score: Math.max(0, Math.round(100 - lost)), counts, findings };
  known.set(catalogue, result);
  return result;
}

const isFormer = ({ format, format_version }: Catalogue): boolean => format === 'openapi' && format_version === '2.0';

function serversPointer(catalogue: Catalogue): string {
  if (catalogue.format !== 'openapi') return '';
  return isFormer(catalogue) ? '/schemes' : '/servers';
}

const schemaPointer = (catalogue: Catalogue, name: string): string =>
  catalogue.schema_pointers?.[name] ?? `${isFormer(catalogue) ? '/definitions/' : '/components/schemas/'}${name}`;

const isTyped = (schema: JsonSchema): boolean =>
  Object.keys(schema).length === 0 ||
  ['type', '$ref', 'allOf', 'anyOf', 'oneOf', 'enum', 'const', 'not', 'properties', 'items'].some(
    (key) => key in schema,
  );

/** Every example of a catalogue with its schema. */
function* examplesOf(
  catalogue: Catalogue,
): Generator<{ pointer: string; of: string; schema: JsonSchema; example: unknown }> {
  const { operations, schemas } = catalogue;
  const ofSchema = (schema: JsonSchema): unknown[] =>
    Array.isArray(schema['examples']) ? (schema['examples'] as unknown[]) : [];
  for (const { parameters, body, answers, pointer } of operations) {
    for (const { schema, name } of parameters)
      for (const example of ofSchema(schema)) yield { pointer, of: `the parameter ${name}`, schema, example };
    if (body)
      for (const example of ofSchema(body.schema))
        yield {
          ...{ pointer: isFormer(catalogue) ? pointer : `${pointer}/requestBody`, of: 'the body' },
          ...{ schema: body.schema, example },
        };
    for (const { status, schema, example } of answers)
      if (schema && example !== undefined)
        yield { pointer: `${pointer}/responses/${status}`, of: `the response ${status}`, schema, example };
  }
  for (const [name, schema] of Object.entries(schemas))
    for (const example of ofSchema(schema))
      yield { pointer: schemaPointer(catalogue, name), of: `the schema ${name}`, schema, example };
}

function badExamples(catalogue: Catalogue): Found[] {
  if (catalogue.format !== 'openapi') return [];
  const deadline = performance.now() + EXAMPLES_MS;
  const found: Found[] = [];
  for (const { pointer, of, schema, example } of examplesOf(catalogue)) {
    if (performance.now() > deadline) break;
    try {
      const [fault] = schemaFaults(standalone(schema, catalogue.schemas, EXAMPLE_SCHEMA_MAX), example);
      if (fault)
        found.push({
          pointer,
          message: `The example of ${of} does not match its schema: ${fault.pointer || 'it'} ${fault.message}.`,
        });
    } catch {
      // A schema that cannot be compiled is reported where it is used.
    }
  }
  return found;
}

const STYLES: readonly [string, RegExp][] = [
  ['snake_case', /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/],
  ['camelCase', /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/],
  ['kebab-case', /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/],
];

/** Of names with more than one word, those that are not written as most are. */
function mixedNames({ operations }: Catalogue): Found[] {
  const named = operations.flatMap(({ parameters, pointer }) =>
    parameters
      .filter((one) => one.in === 'query' || one.in === 'path')
      .flatMap(({ name }) => {
        const style = STYLES.find(([, pattern]) => pattern.test(name))?.[0];
        return style === undefined ? [] : [{ name, style, pointer }];
      }),
  );
  const counts = new Map<string, number>();
  for (const { style } of named) counts.set(style, (counts.get(style) ?? 0) + 1);
  const [common] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return named
    .filter(({ style }) => style !== common)
    .map(({ name, style, pointer }) => ({
      pointer,
      message: `${name} is ${style}, while most names are ${common ?? ''}.`,
    }));
}

const SECRETS: readonly RegExp[] = [
  /\bsk_live_[A-Za-z0-9]{16,}/,
  /\bgh[pousr]_[A-Za-z0-9]{30,}/,
  /\bAKIA[A-Z0-9]{16}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{20,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
];

function secretExamples(catalogue: Catalogue): Found[] {
  const found: Found[] = [];
  for (const { pointer, of, example } of examplesOf(catalogue)) {
    const text = JSON.stringify(example) ?? '';
    if (SECRETS.some((pattern) => pattern.test(text)))
      found.push({ pointer, message: `The example of ${of} contains what looks like a real secret.` });
  }
  return found;
}
