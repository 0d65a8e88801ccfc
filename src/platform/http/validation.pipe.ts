import { toUSVString } from 'node:util';
import { ValidationError, NotFoundError } from '../../shared/domain-error.js';
import { type ArgumentMetadata, type Type, type ValidationError as FieldError, ValidationPipe } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';

/** A table's items nest 32 levels at most; what stands around a body's field takes some of them. */
const DEEPEST = 20;
/** Keys that reach an object's prototype in a careless merge; no data needs them. */
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);
/** The database's client refuses larger numbers, and JavaScript rounds integers beyond it. */
const LARGEST = Number.MAX_SAFE_INTEGER;
/** The smallest magnitude that a table holds. */
const SMALLEST = 1e-130;

const PACKED = 'nexus:packed';

/** The field is stored as compressed text: its numbers and its depth need not fit a table. */
export const Packed = (): PropertyDecorator => Reflect.metadata(PACKED, true);

function isPacked(dto: { prototype: object }, field: string): boolean {
  return Reflect.hasMetadata(PACKED, dto.prototype, field);
}

/**
 * A JSON body as it can be stored: a field that is null is a field that is not there, and half of a surrogate pair, which no
 * encoding of Unicode has, becomes U+FFFD. What is nested into a field is the caller's own and keeps its nulls.
 * @param packed fields that are stored as text
 * @throws ValidationError naming the field that nests more than 20 levels, has a key like `__proto__`, or holds a number that
 * no table can.
 */
export function storableBody(body: unknown, packed: ReadonlySet<string> = new Set()): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  refusePolluting('body', body);
  const given = Object.entries(body).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([field, value]) => [field, storable(field, value, 1, packed.has(field))]));
}

function storable(field: string, value: unknown, depth: number, isText: boolean): unknown {
  if (typeof value === 'string') return toUSVString(value);
  if (typeof value === 'number') return isText ? value : storableNumber(field, value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST && !isText)
    throw ValidationError.field(field, `must not be nested more than ${DEEPEST} levels deep`);
  if (Array.isArray(value)) return value.map((element) => storable(field, element, depth + 1, isText));
  refusePolluting(field, value);
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, inner]) => [toUSVString(key), storable(field, inner, depth + 1, isText)]),
  );
}

function refusePolluting(field: string, value: object): void {
  for (const key of Object.keys(value))
    if (POLLUTING.has(key)) throw ValidationError.field(field, `must not have a key named "${key}"`);
}

function storableNumber(field: string, value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude > LARGEST || (magnitude > 0 && magnitude < SMALLEST))
    throw ValidationError.field(
      field,
      `must not contain a number beyond ±${LARGEST}, or one closer to 0 than ${SMALLEST}; send it as a string`,
    );
  return value;
}

/** No id or path of this platform is longer; a table's key could not be. */
const PARAMETER_LIMIT_BYTES = 1000;
/** More faults help no reader, and listing them all would cost more than reading the request. */
const FAULTS_REPORTED = 20;
const NAME_REPORTED = 100;
const REASON_REPORTED = 500;

/** What a DTO declares about its own fields, by which a request is refused before objects are built from it. */
interface Shape {
  fields: ReadonlySet<string>;
  /** The most elements that each list may have. */
  longest: ReadonlyMap<string, number>;
  /** Objects whose content belongs to the caller: no rule looks inside. */
  free: readonly string[];
  packed: ReadonlySet<string>;
}

/**
 * Takes bodies as they can be stored; a path parameter longer than any id names nothing. More than 20 unknown
 * fields, and lists that are more than 20 too long, are refused before the validator sees them: its work grows with each.
 */
class RequestPipe extends ValidationPipe {
  private readonly shapes = new WeakMap<object, Shape>();

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'param' && Buffer.byteLength(String(value)) > PARAMETER_LIMIT_BYTES)
      throw new NotFoundError('Resource', String(value).slice(0, 100));
    const { metatype, type } = metadata;
    const isChecked = (type === 'body' || type === 'query') && typeof value === 'object' && value !== null;
    if (!isChecked || metatype === undefined) return super.transform(value, metadata);
    const shape = this.shapeOf(metatype);
    refuseExcess(value, shape);
    const given = (type === 'body' ? storableBody(value, shape.packed) : value) as Record<string, unknown>;
    const free = shape.free
      .filter((field) => isPlainObject(given[field]))
      .map((field) => [field, given[field]] as const);
    // What no rule looks into is not copied key by key either: it stands aside until the rest is checked.
    for (const [field] of free) given[field] = {};
    const dto = (await super.transform(given, metadata)) as Record<string, unknown>;
    for (const [field, content] of free) dto[field] = content;
    return dto;
  }

  private shapeOf(metatype: Type<unknown>): Shape {
    const known = this.shapes.get(metatype);
    if (known) return known;
    const shape = readShape(metatype);
    this.shapes.set(metatype, shape);
    return shape;
  }
}

function readShape(metatype: Type<unknown>): Shape {
  const rules = getMetadataStorage().getTargetValidationMetadatas(metatype, '', false, false);
  const fields = new Set(rules.map(({ propertyName }) => propertyName));
  const limits = rules.filter(({ name }) => name === 'arrayMaxSize');
  const rulesOf = (field: string) => rules.filter(({ propertyName }) => propertyName === field);
  const isFree = (field: string): boolean => {
    const checks = rulesOf(field).filter(({ type }) => type !== 'conditionalValidation');
    return checks.length === 1 && checks[0]?.name === 'isObject';
  };
  return {
    fields,
    longest: new Map(limits.map(({ propertyName, constraints }) => [propertyName, Number(constraints?.[0])])),
    free: [...fields].filter(isFree),
    packed: new Set([...fields].filter((field) => isPacked(metatype, field))),
  };
}

function refuseExcess(value: object, { fields, longest }: Shape): void {
  if (fields.size === 0) return;
  const names = Object.keys(value);
  if (names.length > fields.size) {
    const unknown = names.filter((name) => !fields.has(name));
    if (unknown.length > FAULTS_REPORTED)
      throw invalid(unknown.map((name) => [name, [`property ${shortened(name)} should not exist`]]));
  }
  for (const [field, most] of longest) {
    const list = (value as Record<string, unknown>)[field];
    if (Array.isArray(list) && list.length > most + FAULTS_REPORTED)
      throw invalid([[field, [`${field} must contain no more than ${most} elements`]]]);
  }
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Fault = [field: string, reasons: string[]];

/** `details.fields` is flat: `agent_name_map.orchestrator: [reasons]`. */
function* faultsOf(errors: FieldError[], prefix = ''): Generator<Fault> {
  for (const error of errors) {
    const path = `${prefix}${error.property}`;
    if (error.constraints) yield [path, Object.values(error.constraints)];
    yield* faultsOf(error.children ?? [], `${path}.`);
  }
}

/** Names at most 20 faults; `details.faults` says how many there are when that is more. */
function invalid(faults: Fault[]): ValidationError {
  const reported = faults.slice(0, FAULTS_REPORTED).map(([field, reasons]): Fault => [shortened(field), reasons]);
  const fields = Object.fromEntries(
    reported.map(([field, reasons]) => [field, reasons.map((reason) => reason.slice(0, REASON_REPORTED))]),
  );
  const more = faults.length - reported.length;
  const names = `${Object.keys(fields).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return new ValidationError(`The request is not valid: ${names}`, {
    details: { fields, ...(more > 0 ? { faults: faults.length } : {}) },
  });
}

function shortened(name: string): string {
  return name.length > NAME_REPORTED ? `${name.slice(0, NAME_REPORTED)}…` : name;
}

/**
 * class-validator looks through all classes that have rules for each object that it checks, to find those that it inherits from. The answer
 * is the same every time: rules are declared with their class.
 */
function rememberRules(storage: ReturnType<typeof getMetadataStorage>): void {
  const read = storage.getTargetValidationMetadatas.bind(storage);
  const known = new WeakMap<object, ReturnType<typeof read>>();
  storage.getTargetValidationMetadatas = (target, ...options) => {
    const [schema, always, strictGroups, groups] = options;
    if (schema || always || strictGroups || groups?.length) return read(target, ...options);
    const rules = known.get(target) ?? read(target, ...options);
    known.set(target, rules);
    return rules;
  };
}
rememberRules(getMetadataStorage());

/** Bodies and queries are checked against their DTO; unknown fields are refused by name. */
export const validationPipe = (): ValidationPipe =>
  new RequestPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: false,
    exceptionFactory: (errors: FieldError[]) => invalid([...faultsOf(errors)]),
  });
