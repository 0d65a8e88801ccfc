import { fieldOf } from './http-request.js';
import { type Catalogue, inputSchemaOf, type JsonSchema, type Operation, successOf } from './operation.js';

/** Each GraphQL API takes a bearer token in practice, and its schema cannot say so. */
const BEARER = { name: 'bearer', type: 'bearer' } as const;

/**
 * A GraphQL catalogue in the form of HTTP operations: `POST /query/<field>` and `POST /mutation/<field>` with the variables as the body
 * and the value of the field as the answer. Every operation keeps its query. Objects that are selected alike become one schema, which
 * has the name of their type.
 */
export function withPathPerField(catalogue: Catalogue): Catalogue {
  const objects = new SelectedObjects(catalogue.schemas);
  const operations = catalogue.operations.map((operation): Operation => {
    const { source_id, parameters, answers } = operation;
    const path = `/${(source_id ?? '').replace('.', '/')}`;
    const field = path.split('/').at(-1) ?? '';
    const whole = successOf(operation)?.schema ?? {};
    const value = fieldOf(whole, `properties.data.properties.${field}`) as JsonSchema | undefined;
    const { pagination } = operation;
    const inField = (place: string | null) => place && place.replace(`data.${field}.`, '');
    const isRequired = parameters.some(({ required }) => required);
    const variables = inputSchemaOf({ parameters, body: null });
    return {
      ...{ ...operation, path, parameters: [], auth: [[BEARER]] },
      body:
        parameters.length === 0 ? null : { content_type: 'application/json', required: isRequired, schema: variables },
      pagination: {
        ...{ ...pagination, next_field: inField(pagination.next_field), items_field: inField(pagination.items_field) },
      },
      answers: answers.map((answer) => ({ ...answer, description: '', schema: objects.named(value ?? {}) })),
    };
  });
  return { ...catalogue, operations, schemas: objects.schemas };
}

class SelectedObjects {
  readonly schemas: Record<string, JsonSchema>;
  private readonly known = new Map<string, string>();

  constructor(inputs: Readonly<Record<string, JsonSchema>>) {
    this.schemas = { ...inputs };
  }

  /** The schema with references in the place of its objects. */
  named(schema: JsonSchema): JsonSchema {
    const { type, title, items, properties, ...rest } = schema;
    if (items !== undefined) return { ...schema, items: this.named(items as JsonSchema) };
    if (typeof title !== 'string' || properties === undefined) return schema;
    const fields = Object.entries(properties as Record<string, JsonSchema>);
    const object = {
      type: 'object',
      properties: Object.fromEntries(fields.map(([name, one]) => [name, this.named(one)])),
      ...rest,
    };
    const reference = { $ref: `#/$defs/${this.nameOf(title, object)}` };
    return [type].flat().includes('null') ? { anyOf: [reference, { type: 'null' }] } : reference;
  }

  private nameOf(type: string, object: JsonSchema): string {
    const text = `${type} ${JSON.stringify(object)}`;
    const known = this.known.get(text);
    if (known !== undefined) return known;
    let name = type;
    for (let copy = 2; Object.hasOwn(this.schemas, name); copy++) name = `${type}_${copy}`;
    this.schemas[name] = object;
    this.known.set(text, name);
    return name;
  }
}
