import { delimiter, dirname } from 'node:path';
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
import { attributeOf, repaired, withPythonNames } from './python-repairs.js';

const MEMORY_MB = 2_048;
const API = 'api/default/';

/** openapi-python-client, an executable that a setting names. */
export class PythonLanguage extends ClientLanguage {
  override readonly name = 'python';
  override readonly install =
    'pip install -r generators/requirements.txt (Python 3.11 or later), then set CLIENT_GENERATOR_PYTHON to the path of openapi-python-client';

  constructor(private readonly executable: string | undefined) {
    super();
  }

  override program(module: string): GeneratorProgram | undefined {
    if (this.executable === undefined) return undefined;
    const config = `${JSON.stringify({ package_name_override: module, project_name_override: module })}\n`;
    return {
      command: this.executable,
      args: ['generate', '--path', 'openapi.json', '--meta', 'none', '--output-path', 'out', '--config', 'config.json'],
      // The generator formats with ruff, which stands beside it.
      env: {
        PATH: [dirname(this.executable), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
        PYTHONHASHSEED: '0',
        LC_ALL: 'C.UTF-8',
        RUFF_NO_CACHE: 'true',
      },
      memory_mb: MEMORY_MB,
      config: { 'config.json': config },
    };
  }

  /** Without what is needed to call: the client that a caller makes decides how it authenticates. */
  override document({ document }: ClientPlan): string {
    const { paths, ...rest } = JSON.parse(document) as {
      paths: Record<string, Record<string, { security?: unknown }>>;
    };
    for (const item of Object.values(paths)) for (const operation of Object.values(item)) delete operation.security;
    return JSON.stringify(withPythonNames({ ...rest, paths }));
  }

  override mended(generated: Record<string, string>): Record<string, string> {
    return repaired(generated);
  }

  override generatedIn(module: string): string {
    return `${module}/`;
  }

  override moduleOf(package_name: string): string {
    return package_name.replaceAll('-', '_');
  }

  override pathOf(template: string, module: string): string {
    return template === 'runtime.py' || template === 'graphql.py' ? `${module}/${template}` : template;
  }

  override words(isGraphql: boolean): Record<string, string> {
    if (!isGraphql) return { transport: 'RetryTransport(retries)' };
    return {
      transport: 'GraphqlTransport(RetryTransport(retries))',
      graphql_import: '    from .graphql import GraphqlTransport\n\n',
      graphql_notes:
        '- Variables of a query are the `body`, and the value of its field is the data. Errors of GraphQL raise `ApiError` with status 200, whose\n  `body` is the whole answer, with `errors`.\n',
    };
  }

  protected override namesIn(generated: Readonly<Record<string, string>>): string[] {
    const files = Object.keys(generated).filter((path) => path.startsWith(API) && !path.endsWith('__init__.py'));
    return files.map((path) => path.slice(API.length, -'.py'.length));
  }

  override additions(
    plan: ClientPlan,
    operations: readonly WrittenOperation[],
    generated: Readonly<Record<string, string>>,
    module: string,
  ): Files {
    const paged = operations.flatMap((operation) => {
      const source = generated[`${API}${operation.name}.py`] ?? '';
      const found = argumentsOf(source);
      return operation.paging && found ? [{ ...operation, paging: operation.paging, source, ...found }] : [];
    });
    const functions = paged.map(({ name, paging, positional, source, graphql }) => {
      const { kind, param, size_param, next_field, items_field } = paging;
      const taken = positional.map((one) => `    ${one}: Any,\n`).join('');
      const given = positional.length === 0 ? '()' : `(${positional.join(', ')},)`;
      const words = {
        kind,
        param: argumentFor(source, param),
        size_param: argumentFor(source, size_param),
        next_field,
        items_field: items_field ?? '',
      };
      const named = Object.entries({ ...words, items_name: attributeOf(items_field ?? '') }).map(
        ([key, value]) => `        ${key}=${value === null ? 'None' : JSON.stringify(value)},\n`,
      );
      // Variables of GraphQL are fields of the body.
      const model = graphql === undefined ? undefined : bodyModelOf(source);
      if (model) named.push(`        body_type=${model.name},\n`);
      return `def ${name}_items(
${taken}    *,
    client: AuthenticatedClient | Client,
    **parameters: Any,
) -> Iterator[Any]:
    """The items of all pages. Takes the parameters of the operation. Raises ApiError."""
    return items(
        ${name},
        ${given},
        parameters,
        client,
${named.join('')}    )
`;
    });
    const models = paged.flatMap(({ source, graphql }) => (graphql === undefined ? [] : (bodyModelOf(source) ?? [])));
    const bodies = models.map(({ module: file, name }) => `from .models.${file} import ${name}\n`).join('');
    const imports = paged.length === 0 ? '' : `from .api.default import ${paged.map(({ name }) => name).join(', ')}\n`;
    const pages = `"""Operations whose answers are paged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

${imports}from .client import AuthenticatedClient, Client
${bodies}from .runtime import items

${functions.map((one) => `\n${one}`).join('\n')}`;
    const queries = queriesOf(operations);
    return {
      [`${module}/pages.py`]: `${pages.trimEnd()}\n`,
      [`${module}/py.typed`]: '',
      ...(queries === undefined
        ? {}
        : { [`${module}/queries.py`]: `"""Queries by path."""\n\nQUERIES: dict[str, str] = ${json(queries)}` }),
      'tests/mock.json': json(exchangesOf(plan, operations)),
      'tests/lists.json': json(listsOf(plan, paged, ({ name }) => `${name}_items`)),
    };
  }

  override exampleOptions(plan: ClientPlan, { id }: WrittenOperation): string {
    const found = plan.exchanges.find(({ operation }) => operation === id);
    return found
      ? Object.values(found.path)
          .map((value) => `${JSON.stringify(value)}, `)
          .join('')
      : '';
  }
}

/** The arguments that an operation takes by place: those of its path. */
function argumentsOf(source: string): { positional: string[] } | undefined {
  const found = /^def sync_detailed\(\n((?: {4}.*\n)*?)\) ->/m.exec(source)?.[1];
  if (found === undefined) return undefined;
  const lines = found.split('\n').map((line) => line.trim());
  const end = lines.indexOf('*,');
  return { positional: lines.slice(0, Math.max(end, 0)).flatMap((line) => /^(\w+):/.exec(line)?.[1] ?? []) };
}

/** The argument that becomes a parameter of the query. */
function argumentFor(source: string, param: string | null): string | null {
  if (param === null) return null;
  const at = source.indexOf(`params["${param}"] = `);
  const value = at < 0 ? undefined : /^params\["[^"]*"\] = (?:json_)?(\w+)/.exec(source.slice(at))?.[1];
  return value ?? param;
}

/** The model of the body that an operation takes. */
function bodyModelOf(source: string): { module: string; name: string } | undefined {
  const name = /^ {4}body: (\w+)/m.exec(source)?.[1];
  const module = [...source.matchAll(/^from \.{3}models\.(\w+) import (\w+)$/gm)].find(
    ([, , one]) => one === name,
  )?.[1];
  return name === undefined || module === undefined ? undefined : { module, name };
}
