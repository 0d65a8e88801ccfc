import { type ArgumentMetadata, type Type, type ValidationError as FieldError, ValidationPipe } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { isPacked, storableBody } from './storable-body.js';

/** No id or path of this platform is longer; a table's key could not be. */
const PARAMETER_LIMIT_BYTES = 1000;
/** More faults help no reader, and listing them all costs more than reading the request did. */
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

/** Bodies and queries are checked against their DTO; unknown fields are refused by name. */
export const validationPipe = (): ValidationPipe =>
  new RequestPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: false,
    exceptionFactory: (errors: FieldError[]) => invalid([...faultsOf(errors)]),
  });
