import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClientPlan } from '../catalogue/client-tasks.js';
import {
  ClientLanguage,
  exchangesOf,
  type Files,
  type GeneratorProgram,
  json,
  listsOf,
  queriesOf,
  type WrittenOperation,
} from './client-language.js';

const HEAP_MB = 1_024;
const FUNCTION = /^export const (\w+) = <[^\n]*?>\((options\??): Options<(\w+)/gm;

/** @hey-api/openapi-ts, which is installed in the folder `generators`. */
export class TypescriptLanguage extends ClientLanguage {
  override readonly name = 'typescript';
  override readonly install = 'npm run generators:install';

  /** @param folder `generators` */
  constructor(private readonly folder: URL) {
    super();
  }

  override program(): GeneratorProgram | undefined {
    if (!existsSync(new URL('node_modules/@hey-api/openapi-ts/package.json', this.folder))) return undefined;
    const script = fileURLToPath(new URL('typescript.mjs', this.folder));
    const args = ['--no-warnings', `--max-old-space-size=${HEAP_MB}`, script, 'openapi.json', 'out'];
    return { command: process.execPath, args, env: {}, config: {} };
  }

  override generatedIn(): string {
    return 'src/generated/';
  }

  override moduleOf(package_name: string): string {
    return package_name;
  }

  protected override namesIn(generated: Readonly<Record<string, string>>): string[] {
    return [...(generated['sdk.gen.ts'] ?? '').matchAll(FUNCTION)].map(([, name]) => name!);
  }

  override additions(
    plan: ClientPlan,
    operations: readonly WrittenOperation[],
    generated: Readonly<Record<string, string>>,
  ): Files {
    const functions = new Map(
      [...(generated['sdk.gen.ts'] ?? '').matchAll(FUNCTION)].map(([, name, options, data]) => [
        name!,
        { options: options!, data: data! },
      ]),
    );
    const types = generated['types.gen.ts'] ?? '';
    const paged = operations.flatMap((operation) => {
      const found = functions.get(operation.name);
      const response = found && `${found.data.replace(/Data$/, '')}Response`;
      const isTyped = found !== undefined && new RegExp(`^export type ${response} =`, 'm').test(types);
      return operation.paging && isTyped ? [{ operation, ...found, response: response! }] : [];
    });
    const iterators = paged.map(({ operation: { name, paging, graphql }, options, data, response }) => {
      const inBody = graphql !== undefined;
      const item = `Item<${response}, '${paging?.items_field}'>`;
      const standard = options.endsWith('?') ? ' = {}' : '';
      return `/** The items of all pages. @throws ApiError */
export const ${name}Items = (options: Options<${data}>${standard}): AsyncGenerator<${item}> =>
  items<${item}, Options<${data}>>(${name}, options, ${JSON.stringify(inBody ? { ...paging, in_body: true } : paging)});\n`;
    });
    const names = paged.map(({ operation }) => operation.name);
    const used = [...new Set(paged.flatMap(({ data, response }) => [data, response]))].toSorted();
    const pages =
      paged.length === 0
        ? 'export {};\n'
        : `import { ${names.join(', ')}, type Options } from './generated/sdk.gen.js';
import type { ${used.join(', ')} } from './generated/types.gen.js';
import { type Item, items } from './paging.js';

${iterators.join('\n')}`;
    const written = paged.map(({ operation }) => operation);
    const queries = queriesOf(operations);
    return {
      'src/pages.ts': pages,
      ...(queries === undefined
        ? {}
        : {
            'src/queries.ts': `/** By path. */\nexport const QUERIES: Readonly<Record<string, string>> = ${json(queries).trimEnd()};\n`,
          }),
      'test/mock.json': json(exchangesOf(plan, operations)),
      'test/lists.json': json(listsOf(plan, written, ({ name }) => `${name}Items`)),
    };
  }

  override words(isGraphql: boolean): Record<string, string> {
    if (!isGraphql) return { request: 'withRetries(request, retries, send)' };
    return {
      request: 'overGraphql(request, (sent) => withRetries(sent, retries, send))',
      graphql_import: "import { overGraphql } from './graphql.js';\n",
      graphql_notes:
        '- Variables of a query are the `body`, and the value of its field is the data. Errors of GraphQL are an `ApiError` whose status is 200\n  and whose `body` is the whole answer, with `errors`.\n',
    };
  }

  override exampleOptions(plan: ClientPlan, { id }: WrittenOperation): string {
    const found = plan.exchanges.find(({ operation }) => operation === id);
    const parts = found
      ? (['path', 'query', 'headers'] as const).filter((part) => Object.keys(found[part]).length > 0)
      : [];
    const given = found ? parts.map((part) => `${part}: ${JSON.stringify(found[part])}`) : [];
    if (found && found.body !== null) given.push('body: { ... }');
    return given.length === 0 ? '' : `, ${given.join(', ')}`;
  }
}
