import {
  type AnswerShape,
  type Catalogue,
  inputSchemaOf,
  type JsonSchema,
  type Operation,
  type Risk,
  successOf,
  type Severity,
} from './operation.js';
import { standalone, withoutExamples } from './operation-schemas.js';
import { compare, type Diff } from './compare.js';
import { type Findings, findingsOf } from './finding-rules.js';

/** Characters of JSON of one schema: in a list, and where one operation is shown. */
const LISTED_SCHEMA_MAX = 8_000;
const SHOWN_SCHEMA_MAX = 200_000;

export interface OperationFilter {
  query?: string | undefined;
  risk?: Risk | undefined;
  tag?: string | undefined;
  limit: number;
  /** Operations to skip. */
  offset: number;
}

/** An operation as people and models see it. */
export interface OperationView extends Pick<
  Operation,
  | 'operation_id'
  | 'source_id'
  | 'name'
  | 'method'
  | 'path'
  | 'summary'
  | 'description'
  | 'tags'
  | 'risk'
  | 'idempotent'
  | 'callable'
  | 'deprecated'
  | 'pagination'
  | 'auth'
  | 'rate_limit'
  | 'pointer'
> {
  input_schema: JsonSchema;
  output_schema: JsonSchema | null;
  errors: { status: string; description: string }[];
}

/** Lists and shows operations. */
export const listTasks = {
  /** Best matches first when there is a query; otherwise in the order of the document. */
  list: ([catalogue]: Catalogue[], filter: OperationFilter): { operations: OperationView[]; total: number } => {
    const { query = '', risk, tag, limit, offset } = filter;
    const words = wordsOf(query);
    const kept = (catalogue?.operations ?? []).filter(
      (one) => (risk === undefined || one.risk === risk) && (tag === undefined || one.tags.includes(tag)),
    );
    const scored = kept.map((one) => ({ one, score: words.length === 0 ? 1 : scoreOf(one, words) }));
    const found = scored.filter(({ score }) => score > 0).toSorted((a, b) => b.score - a.score);
    const page = found.slice(offset, offset + limit);
    return { operations: page.map(({ one }) => viewOf(catalogue!, one, LISTED_SCHEMA_MAX)), total: found.length };
  },

  /** By its id, its name or the document's own id; null if it does not exist. */
  show: ([catalogue]: Catalogue[], wanted: string): OperationView | null => {
    const found = catalogue && find(catalogue, wanted);
    return found ? viewOf(catalogue, found, SHOWN_SCHEMA_MAX) : null;
  },

  /** Chosen operations; those that do not exist are named. */
  choose: (
    [catalogue]: Catalogue[],
    { wanted, risk, schema_max }: { wanted?: string[] | undefined; risk?: Risk | undefined; schema_max: number },
  ) => {
    const all = (catalogue?.operations ?? []).filter(({ callable }) => callable);
    const unknown = (wanted ?? []).filter((name) => !catalogue || !find(catalogue, name)?.callable);
    const chosen = wanted
      ? wanted.flatMap((name) => find(catalogue!, name) ?? [])
      : all.filter((one) => risk === undefined || one.risk === risk);
    const unique = [...new Set(chosen)];
    return {
      unknown,
      total: unique.length,
      operations: unique.slice(0, 50).map((one) => viewOf(catalogue!, one, schema_max)),
    };
  },
};

export function find({ operations }: Catalogue, wanted: string): Operation | undefined {
  return (
    operations.find(({ operation_id }) => operation_id === wanted) ??
    operations.find(({ name }) => name === wanted) ??
    operations.find(({ source_id }) => source_id === wanted)
  );
}

export function viewOf({ schemas }: Catalogue, operation: Operation, schema_max: number): OperationView {
  const success = successOf(operation);
  const output = success?.schema ? standalone(withoutExamples(success.schema), schemas, schema_max) : null;
  const { operation_id, source_id, name, method, path, summary, description, tags, risk, idempotent, callable } =
    operation;
  const { deprecated, pagination, auth, rate_limit, pointer } = operation;
  return {
    ...{ operation_id, source_id, name, method, path, summary, description, tags, risk, idempotent, callable },
    ...{ deprecated, pagination, auth, rate_limit, pointer },
    input_schema: standalone(withoutExamples(inputSchemaOf(operation)), schemas, schema_max),
    output_schema: output && withoutExamples(output),
    errors: operation.answers.filter(isError).map(({ status, description }) => ({ status, description })),
  };
}

const isError = ({ status }: AnswerShape): boolean => /^[45]/.test(status);

const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** Every word must occur; those in names count more than those in descriptions. */
function scoreOf(operation: Operation, words: readonly string[]): number {
  const { name, source_id, path, summary, tags, description } = operation;
  const title = wordsOf(`${name} ${source_id ?? ''}`);
  const place = wordsOf(`${path} ${tags.join(' ')}`);
  const rest = `${summary} ${description}`.toLowerCase();
  let score = 0;
  for (const word of words) {
    const inTitle = title.includes(word) ? 6 : title.some((one) => one.startsWith(word)) ? 4 : 0;
    const inPlace = place.some((one) => one.startsWith(word)) ? 3 : 0;
    const inText = rest.includes(word) ? 1 : 0;
    if (inTitle + inPlace + inText === 0) return 0;
    score += inTitle + inPlace + inText;
  }
  return score;
}

export interface FindingFilter {
  severity?: Severity | undefined;
  rule?: string | undefined;
  limit: number;
  offset: number;
}

/** Judges catalogues. */
export const reviewTasks = {
  findings: ([catalogue]: Catalogue[], filter: FindingFilter): Findings & { total: number } => {
    const { severity, rule, limit, offset } = filter;
    const all = findingsOf(catalogue!);
    const kept = all.findings.filter(
      (one) => (severity === undefined || one.severity === severity) && (rule === undefined || one.rule === rule),
    );
    return { ...all, findings: kept.slice(offset, offset + limit), total: kept.length };
  },

  compare: ([before, after]: Catalogue[], _args: null): Diff => compare(before!, after!),
};
