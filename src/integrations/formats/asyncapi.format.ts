import {
  type Catalogue,
  type DocumentFault,
  NO_PAGES,
  type Operation,
  type Parameter,
} from '../catalogue/operation.js';
import {
  OperationNames,
  isRecord,
  type Json,
  listOf,
  recordOf,
  type Source,
  SourceFormat,
  textOf,
} from './source-format.js';
import { SchemaCollector } from './schema-collector.js';
import { escaped, fault, located } from './source-text.js';

const DESCRIPTION_MAX = 1_000;
const ACTIONS = new Set(['send', 'receive']);

/** AsyncAPI 2 and 3. Operations are messages: they are listed, not called. */
export class AsyncapiFormat extends SourceFormat {
  readonly name = 'asyncapi';

  detects({ document }: Pick<Source, 'document'>): boolean {
    return isRecord(document) && 'asyncapi' in document;
  }

  async read({ document, text }: Source): Promise<Catalogue> {
    const faults = faultsOf(document);
    if (faults.length > 0) throw located(text, faults);
    return new AsyncapiReading(document as Json).catalogue();
  }
}

function faultsOf(document: unknown): DocumentFault[] {
  if (!isRecord(document)) return [fault('', 'must be an object')];
  const faults: DocumentFault[] = [];
  const { asyncapi, info, channels, operations } = document;
  const version = typeof asyncapi === 'string' ? /^([23])\.\d+\.\d+$/.exec(asyncapi)?.[1] : undefined;
  if (version === undefined) faults.push(fault('/asyncapi', 'must be a version 2.x.x or 3.x.x'));
  if (!isRecord(info)) faults.push(fault('/info', 'must be an object'));
  else
    for (const name of ['title', 'version'])
      if (typeof info[name] !== 'string') faults.push(fault(`/info/${name}`, 'must be a string'));
  if ((version === '2' || channels !== undefined) && !isRecord(channels))
    faults.push(fault('/channels', 'must be an object'));
  for (const [name, channel] of Object.entries(recordOf(channels))) {
    const place = `/channels/${escaped(name)}`;
    if (!isRecord(channel)) faults.push(fault(place, 'must be an object'));
    else if (version === '2')
      for (const action of ['publish', 'subscribe'])
        if (channel[action] !== undefined && !isRecord(channel[action]))
          faults.push(fault(`${place}/${action}`, 'must be an object'));
  }
  if (operations !== undefined && version === '3' && !isRecord(operations))
    faults.push(fault('/operations', 'must be an object'));
  if (version === '3')
    for (const [name, operation] of Object.entries(recordOf(operations))) {
      const place = `/operations/${escaped(name)}`;
      if (!isRecord(operation)) faults.push(fault(place, 'must be an object'));
      else if (typeof operation['$ref'] !== 'string') {
        if (!ACTIONS.has(textOf(operation['action']))) faults.push(fault(`${place}/action`, 'must be send or receive'));
        if (!isRecord(operation['channel'])) faults.push(fault(`${place}/channel`, 'must refer to a channel'));
      }
    }
  return [...faults, ...referenceFaults(document)];
}

function referenceFaults(document: Json): DocumentFault[] {
  const collector = new SchemaCollector(document);
  const faults: DocumentFault[] = [];
  const walk = (value: unknown, pointer: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { $ref } = value as Json;
    if (typeof $ref === 'string' && collector.target($ref) === undefined)
      faults.push(
        fault(
          `${pointer}/$ref`,
          $ref.startsWith('#')
            ? `refers to ${$ref.slice(0, 200)}, which does not exist`
            : `refers to ${$ref.slice(0, 200)}: references to other files are not supported in AsyncAPI documents`,
        ),
      );
    for (const [key, child] of Object.entries(value))
      if (key !== 'example' && key !== 'examples' && key !== 'default') walk(child, `${pointer}/${escaped(key)}`);
  };
  walk(document, '');
  return faults;
}

class AsyncapiReading {
  private readonly collector: SchemaCollector;
  private readonly names = new OperationNames();

  constructor(private readonly document: Json) {
    this.collector = new SchemaCollector(document);
  }

  catalogue(): Catalogue {
    const info = recordOf(this.document['info']);
    const version = textOf(this.document['asyncapi']);
    const operations = version.startsWith('2') ? this.ofChannels() : this.ofOperations();
    return {
      format: 'asyncapi',
      format_version: version,
      title: textOf(info['title']),
      api_version: textOf(info['version']),
      description: textOf(info['description']).slice(0, DESCRIPTION_MAX),
      servers: [],
      operations,
      schemas: this.collector.schemas,
      notes: [],
    };
  }

  private ofChannels(): Operation[] {
    return Object.entries(recordOf(this.document['channels'])).flatMap(([address, one]) => {
      const channel = this.collector.resolve(one);
      return ['publish', 'subscribe'].flatMap((action) => {
        if (!isRecord(channel[action])) return [];
        const described = channel[action];
        const message = this.collector.resolve(described['message']);
        const messages = Array.isArray(message['oneOf']) ? message['oneOf'] : [described['message']];
        const id = textOf(described['operationId']);
        return this.operation({
          action,
          address,
          channel,
          described,
          messages,
          id,
          pointer: `/channels/${escaped(address)}/${action}`,
        });
      });
    });
  }

  private ofOperations(): Operation[] {
    return Object.entries(recordOf(this.document['operations'])).map(([name, one]) => {
      const described = this.collector.resolve(one);
      const channel = this.collector.resolve(described['channel']);
      const listed = listOf(described['messages']);
      return this.operation({
        action: textOf(described['action']),
        address: textOf(channel['address']) || name,
        channel,
        described,
        messages: listed.length > 0 ? listed : Object.values(recordOf(channel['messages'])),
        id: name,
        pointer: `/operations/${escaped(name)}`,
      });
    });
  }

  private operation(given: {
    action: string;
    address: string;
    channel: Json;
    described: Json;
    messages: unknown[];
    id: string;
    pointer: string;
  }): Operation {
    const { action, address, channel, described, id, pointer } = given;
    const payloads = given.messages
      .map((one) => this.collector.resolve(one))
      .filter((one) => one['payload'] !== undefined);
    const schemas = payloads.map((one) => {
      const payload = recordOf(one['payload']);
      return this.collector.copy(payload['schemaFormat'] === undefined ? payload : payload['schema']);
    });
    const schema = schemas.length > 1 ? { oneOf: schemas } : (schemas[0] ?? {});
    // In version 2 an application that publishes is described from the outside: others publish to it.
    const isIncoming = action === 'publish' || action === 'receive';
    const summary = textOf(described['summary']) || textOf(described['title']);
    return {
      ...this.names.next(`${action} ${address}`, id || `${action} ${address}`),
      source_id: id || null,
      method: action.toUpperCase(),
      path: address,
      server: null,
      summary,
      description: textOf(described['description'] ?? channel['description']).slice(0, DESCRIPTION_MAX),
      tags: listOf(described['tags'])
        .map((tag) => textOf(recordOf(tag)['name']))
        .filter(Boolean),
      deprecated: false,
      risk: isIncoming ? 'write' : 'read',
      idempotent: false,
      callable: false,
      parameters: this.parametersOf(channel),
      headers: {},
      body: isIncoming ? { content_type: 'application/json', required: true, schema } : null,
      answers: isIncoming
        ? []
        : [{ status: '200', description: 'A message.', content_type: 'application/json', schema, headers: [] }],
      pagination: NO_PAGES,
      auth: [],
      rate_limit: null,
      pointer,
    };
  }

  private parametersOf(channel: Json): Parameter[] {
    return Object.entries(recordOf(channel['parameters'])).map(([name, one]) => {
      const parameter = this.collector.resolve(one);
      const { schema, enum: values } = parameter;
      return {
        ...{ key: name, name, in: 'path', required: true, style: 'simple', explode: false },
        description: textOf(parameter['description']).slice(0, DESCRIPTION_MAX),
        schema:
          schema === undefined
            ? { type: 'string', ...(Array.isArray(values) ? { enum: values as unknown[] } : {}) }
            : this.collector.copy(schema),
      };
    });
  }
}
