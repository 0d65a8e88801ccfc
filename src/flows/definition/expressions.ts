import { type ASTNode, Environment, EvaluationError, ParseError, type ParseResult } from '@marcbachmann/cel-js';
import { LRUCache } from 'lru-cache';

/** Variables that an expression may use; which of them are there depends on where the expression stands. */
export const VARIABLES = [
  ...['input', 'steps', 'run', 'now', 'item', 'index'],
  ...['body', 'headers', 'query', 'event'],
] as const;
export type Variable = (typeof VARIABLES)[number];

export const EXPRESSION_MAX_CHARACTERS = 4_000;
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 };
/** A result larger than this fails its expression. Characters of text and values of lists and maps count alike. */
const RESULT_MAX_SIZE = 4_000_000;
const RESULT_MAX_DEPTH = 100;
const PARSED_MAX = 2_000;
/** Their work grows with the data, not with the expression: they run where they can be killed. */
const SLOW_CALLS = new Set(['matches', 'map', 'filter', 'all', 'exists', 'exists_one', 'bind']);

/** An expression that cannot be read, or whose values do not fit it. The message holds the expression. */
export class ExpressionError extends Error {
  constructor(
    readonly expression: string,
    readonly reason: string,
  ) {
    super(`${excerpt(expression)}: ${reason}`);
    this.name = 'ExpressionError';
  }
}

/** What can be said of an expression without its values. */
export interface Analysis {
  /** Ids of steps whose output, error or status it reads. */
  steps: ReadonlySet<string>;
  variables: ReadonlySet<string>;
  /** Its work is bounded by its own length, so that it may run in the process that serves requests. */
  is_quick: boolean;
  /** It uses `steps` other than as `steps.<id>`, so that what it reads is not known beforehand. */
  is_dynamic: boolean;
}

/** A piece of a text with expressions in it. */
type Piece = { text: string } | { expression: string };

interface Parsed {
  evaluate: ParseResult;
  analysis: Analysis;
  /** What is wrong with its types, whatever the values are. */
  problem: string | undefined;
}

const parsedExpressions = new LRUCache<string, Parsed>({ max: PARSED_MAX });
const parsedTexts = new LRUCache<string, Piece[]>({ max: PARSED_MAX });

/** CEL over JSON, whose numbers are all doubles: whole numbers of an expression mix with them. */
function environmentOf(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
  for (const name of VARIABLES) environment.registerVariable(name, 'dyn');
  const arithmetic: Record<string, (a: number, b: number) => number> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
  };
  for (const [operator, work] of Object.entries(arithmetic)) {
    const mixed = (a: unknown, b: unknown): number => work(Number(a), Number(b));
    environment.registerOperator(`double ${operator} int`, mixed);
    environment.registerOperator(`int ${operator} double`, mixed);
  }
  environment.registerOperator('double % double', (a: number, b: number) => a % b);
  environment.registerFunction('string(google.protobuf.Timestamp): string', (at: Date) => at.toISOString());
  return environment;
}

const environment = environmentOf();

/** What an expression reads. @throws ExpressionError when it cannot be parsed or its types cannot fit */
export function analysisOf(expression: string): Analysis {
  const { analysis, problem } = parsed(expression);
  if (problem !== undefined) throw new ExpressionError(expression, problem);
  return analysis;
}

/** The JSON value of an expression. @throws ExpressionError */
export function evaluated(expression: string, context: Readonly<Record<string, unknown>>): unknown {
  const { evaluate } = parsed(expression);
  try {
    return plain(evaluate(withTime(context)), { left: RESULT_MAX_SIZE }, 0);
  } catch (error) {
    throw new ExpressionError(expression, reasonOf(error));
  }
}

/** The expressions of a text: `${{ … }}`, alone or between other words. @throws ExpressionError for one without an end */
export function piecesOf(text: string): Piece[] {
  const known = parsedTexts.get(text);
  if (known) return known;
  const pieces = split(text);
  parsedTexts.set(text, pieces);
  return pieces;
}

/** Every expression in a value, at any depth. @throws ExpressionError */
export function* expressionsIn(template: unknown): Generator<string> {
  if (typeof template === 'string')
    for (const piece of piecesOf(template)) {
      if ('expression' in piece) yield piece.expression;
    }
  else if (typeof template === 'object' && template !== null)
    for (const value of Object.values(template)) yield* expressionsIn(value);
}

/**
 * A value with its expressions filled in. A text that is one expression becomes its value; among other words the value is written
 * out, objects as JSON. @throws ExpressionError
 */
export function rendered(template: unknown, context: Readonly<Record<string, unknown>>): unknown {
  if (typeof template === 'string') return renderedText(template, context);
  if (Array.isArray(template)) return template.map((value: unknown) => rendered(value, context));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, rendered(value, context)]));
}

/** `steps.a > 1` and `${{ steps.a > 1 }}` say the same where only an expression can stand. */
export function bareExpression(text: string): string {
  const pieces = /\$\{\{/.test(text) ? piecesOf(text.trim()) : [];
  const [only] = pieces;
  return pieces.length === 1 && only && 'expression' in only ? only.expression : text.trim();
}

function renderedText(text: string, context: Readonly<Record<string, unknown>>): unknown {
  const pieces = piecesOf(text);
  const [first] = pieces;
  if (pieces.length === 1 && first && 'expression' in first) return evaluated(first.expression, context);
  return pieces.map((piece) => ('text' in piece ? piece.text : written(piece.expression, context))).join('');
}

function written(expression: string, context: Readonly<Record<string, unknown>>): string {
  const value = evaluated(expression, context);
  if (typeof value === 'string') return value;
  if (value === null) throw new ExpressionError(expression, 'is null and cannot be inserted into text');
  return JSON.stringify(value);
}

/** An expression may hold `}}` itself: the first end at which it can be parsed counts. */
function split(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf('${{', at);
    if (start === -1) break;
    if (start > at) pieces.push({ text: text.slice(at, start) });
    const { expression, end } = expressionAt(text, start + 3);
    pieces.push({ expression });
    at = end;
  }
  if (at < text.length || pieces.length === 0) pieces.push({ text: text.slice(at) });
  return pieces;
}

const ENDS_TRIED = 20;

function expressionAt(text: string, start: number): { expression: string; end: number } {
  let problem: ExpressionError | undefined;
  for (let end = text.indexOf('}}', start), tried = 0; end !== -1 && tried < ENDS_TRIED; tried += 1) {
    const expression = text.slice(start, end).trim();
    try {
      parsed(expression);
      return { expression, end: end + 2 };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      problem ??= error;
      end = text.indexOf('}}', end + 1);
    }
  }
  throw problem ?? new ExpressionError(text.slice(start), 'has no end: "}}" is missing');
}

function parsed(expression: string): Parsed {
  const known = parsedExpressions.get(expression);
  if (known) return known;
  if (expression.length > EXPRESSION_MAX_CHARACTERS)
    throw new ExpressionError(expression, `is longer than ${EXPRESSION_MAX_CHARACTERS} characters`);
  try {
    const evaluate = environment.parse(expression);
    const { valid, error } = evaluate.check();
    const problem = valid ? undefined : reasonOf(error);
    const result = { evaluate, analysis: analysed(evaluate.ast), problem };
    parsedExpressions.set(expression, result);
    return result;
  } catch (error) {
    throw new ExpressionError(expression, reasonOf(error));
  }
}

function analysed(root: ASTNode): Analysis {
  const steps = new Set<string>();
  const variables = new Set<string>();
  const found = { is_quick: true, is_dynamic: false };
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const one of node) walk(one);
      return;
    }
    if (!isNode(node)) return;
    const step = stepRead(node);
    if (step !== undefined) {
      steps.add(step);
      variables.add('steps');
      return;
    }
    if (node.op === 'id') {
      variables.add(node.args);
      if (node.args === 'steps') found.is_dynamic = true;
    }
    if ((node.op === 'call' || node.op === 'rcall') && SLOW_CALLS.has(node.args[0])) found.is_quick = false;
    walk(node.args);
  };
  walk(root);
  return { steps, variables, ...found };
}

/** The id in `steps.<id>` and `steps["<id>"]`. */
function stepRead(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [object, name] = node.args;
  if (object.op !== 'id' || object.args !== 'steps') return undefined;
  if (typeof name === 'string') return name;
  return name.op === 'value' && typeof name.args === 'string' ? name.args : undefined;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function withTime(context: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { now } = context;
  return typeof now === 'string' ? { ...context, now: new Date(now) } : { ...context };
}

/** As JSON. A value that shares parts with itself counts each of them, so that a short expression cannot grow without end. */
function plain(value: unknown, budget: { left: number }, depth: number): unknown {
  budget.left -= typeof value === 'string' ? value.length : 1;
  if (budget.left < 0) throw new Error(`the result is larger than ${RESULT_MAX_SIZE} characters`);
  if (depth > RESULT_MAX_DEPTH) throw new Error(`the result is nested more than ${RESULT_MAX_DEPTH} levels deep`);
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`the result is ${value}, which JSON cannot hold`);
    // JSON has no negative zero.
    return value === 0 ? 0 : value;
  }
  if (typeof value === 'bigint') {
    if (!Number.isSafeInteger(Number(value))) throw new Error('the result is a whole number beyond 2^53');
    return Number(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((one: unknown) => plain(one, budget, depth + 1));
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([name, one]) => [String(name), plain(one, budget, depth + 1)]));
  if (typeof value === 'object' && isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one, budget, depth + 1)]));
  throw new Error('the result is not a JSON value; convert durations, bytes and types to text or numbers');
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function reasonOf(error: unknown): string {
  if (error instanceof ParseError || error instanceof EvaluationError) return error.summary;
  if (error instanceof Error) return 'summary' in error ? String(error.summary) : error.message;
  return String(error);
}

function excerpt(expression: string): string {
  return expression.length > 200 ? `${expression.slice(0, 200)}…` : expression;
}
