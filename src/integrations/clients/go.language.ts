import { tmpdir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import type { ClientPlan } from '../catalogue/client-tasks.js';
import {
  bare,
  ClientLanguage,
  exchangesOf,
  type Files,
  type GeneratorProgram,
  json,
  queriesOf,
  type WrittenOperation,
} from './client-language.js';

const MEMORY_MB = 4_096;
const FILE = 'client.gen.go';
const METHOD =
  /^func \(c \*ClientWithResponses\) (\w+)WithResponse\(ctx context\.Context, (.*)reqEditors \.\.\.RequestEditorFn\)/gm;

/** oapi-codegen, an executable that a setting names. */
export class GoLanguage extends ClientLanguage {
  override readonly name = 'go';
  override readonly install =
    'go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2, then set CLIENT_GENERATOR_GO to the path of oapi-codegen; it needs go beside it or in /usr/local/go/bin';

  constructor(private readonly executable: string | undefined) {
    super();
  }

  override program(module: string): GeneratorProgram | undefined {
    if (this.executable === undefined) return undefined;
    const config = {
      ...{ package: module, output: `out/${FILE}`, generate: { client: true, models: true } },
      // A schema may have the name of an operation and "Response".
      'output-options': { 'response-type-suffix': 'Answer', 'skip-prune': true },
    };
    return {
      ...{ command: this.executable, args: ['-config', 'config.json', 'openapi.json'], memory_mb: MEMORY_MB },
      // The generator formats with `go`. It loads nothing.
      env: {
        PATH: [dirname(this.executable), '/usr/local/go/bin', '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
        ...{ HOME: tmpdir(), GOPROXY: 'off', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' },
      },
      config: { 'config.json': json(config), 'out/.keep': '' },
    };
  }

  override generatedIn(): string {
    return '';
  }

  override moduleOf(package_name: string): string {
    return package_name.replaceAll(/[-_]/g, '');
  }

  /** An operation with a form is written for the form and for any content: the typed method is the one to call. */
  override written(plan: ClientPlan, generated: Readonly<Record<string, string>>): WrittenOperation[] {
    const names = new Map(this.namesIn(generated).map((name) => [bare(name), name]));
    return plan.operations.flatMap((operation) => {
      const id = bare(operation.id);
      const found = ['', 'WithFormdataBody', 'WithBody'].flatMap((suffix) => names.get(id + bare(suffix)) ?? []);
      return found[0] === undefined ? [] : [{ ...operation, name: found[0] }];
    });
  }

  protected override namesIn(generated: Readonly<Record<string, string>>): string[] {
    return [...(generated[FILE] ?? '').matchAll(METHOD)].map(([, name]) => name!);
  }

  override additions(
    plan: ClientPlan,
    operations: readonly WrittenOperation[],
    generated: Readonly<Record<string, string>>,
    module: string,
  ): Files {
    const taken = new Map([...(generated[FILE] ?? '').matchAll(METHOD)].map(([, name, given]) => [name!, given!]));
    const functions = operations.flatMap(({ name, paging, graphql }) => {
      const given = taken.get(name);
      if (!paging || given === undefined) return [];
      const passed = given.split(', ').flatMap((one) => one.split(' ')[0] || []);
      const fields = [paging.kind, paging.param, paging.size_param, paging.next_field, paging.items_field];
      const [kind, param, size, next, items] = fields.map((value) => JSON.stringify(value ?? ''));
      return [
        `// ${name}Items gives the items of all pages.
func ${name}Items[T any](ctx context.Context, c *ClientWithResponses, ${given}reqEditors ...RequestEditorFn) iter.Seq2[T, error] {
	paging := Paging{Kind: ${kind}, Param: ${param}, SizeParam: ${size}, NextField: ${next}, ItemsField: ${items}${graphql === undefined ? '' : ', InBody: true'}}
	return pages[T](func(edit RequestEditorFn) (*http.Response, []byte, error) {
		answer, err := c.${name}WithResponse(${['ctx', ...passed, 'append([]RequestEditorFn{edit}, reqEditors...)...'].join(', ')})
		if err != nil {
			return nil, nil, err
		}
		return answer.HTTPResponse, answer.Body, nil
	}, paging)
}
`,
      ];
    });
    const pages = `package ${/^package (\w+)$/m.exec(generated[FILE] ?? '')?.[1]}

import (
	"context"
	"iter"
	"net/http"
)

${functions.join('\n')}`;
    const names = new Map(operations.map(({ id, name }) => [id, name]));
    const exchanges = exchangesOf(
      plan,
      operations.map((one) => ({ ...one, name: one.id })),
    ).map((one) => ({
      ...one,
      ...{ go_name: names.get(one.operation), path_order: Object.keys(one.path) },
    }));
    const queries = queriesOf(operations);
    return {
      ...(functions.length > 0 ? { 'pages.go': pages } : {}),
      ...(queries === undefined ? {} : { 'queries.go': queriesFile(module, queries) }),
      'testdata/mock.json': json(exchanges),
    };
  }

  override words(isGraphql: boolean): Record<string, string> {
    if (!isGraphql) return { all_options: 'options' };
    return {
      all_options: 'append(options, overGraphql)',
      graphql_notes:
        '- Variables of a query are the body, and the value of its field is the answer. Errors of GraphQL are an `*APIError` whose status is 200\n  and whose `Body` is the whole answer, with `errors`.\n',
    };
  }

  override exampleOptions(plan: ClientPlan, { id }: WrittenOperation): string {
    const found = plan.exchanges.find(({ operation }) => operation === id);
    if (!found) return '';
    const values = Object.values(found.path).map((value) => `, ${JSON.stringify(value)}`);
    return `${values.join('')}${Object.keys({ ...found.query, ...found.headers }).length > 0 ? ', nil' : ''}`;
  }
}

/** A switch: `gofmt` aligns the lines of a map by rules of its own. */
function queriesFile(module: string, queries: Record<string, string>): string {
  const cases = Object.entries(queries).map(
    ([path, text]) => `\tcase ${JSON.stringify(path)}:\n\t\treturn ${JSON.stringify(text)}\n`,
  );
  return `package ${module}\n\n// queryOf answers the query that a path stands for.\nfunc queryOf(path string) string {\n\tswitch path {\n${cases.join('')}\t}\n\treturn ""\n}\n`;
}
