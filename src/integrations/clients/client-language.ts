import type { ClientPlan, PlannedOperation } from '../catalogue/client-tasks.js';

export const CLIENT_LANGUAGES = ['typescript', 'python', 'go'] as const;
export type ClientLanguageName = (typeof CLIENT_LANGUAGES)[number];

/** What generates the code of a language, as a program. */
export interface GeneratorProgram {
  command: string;
  args: string[];
  env: Record<string, string>;
  memory_mb?: number;
  /** Written beside the document before the program runs. */
  config: Record<string, string>;
}

/** Files by path. */
export type Files = Record<string, Uint8Array | string>;

/** An operation that the generator wrote, with its name in the language. */
export interface WrittenOperation extends PlannedOperation {
  name: string;
}

/** One language of generated clients. The document is `openapi.json` in the folder in which the generator runs; it writes to `out/`. */
export abstract class ClientLanguage {
  abstract readonly name: ClientLanguageName;
  /** How the generator is installed. */
  abstract readonly install: string;
  /** Where the generator's files go in the package. */
  abstract generatedIn(module: string): string;

  /** Undefined when the generator is not installed. */
  abstract program(module: string): GeneratorProgram | undefined;

  /** The document as this generator reads it best. */
  document(plan: ClientPlan): string {
    return plan.document;
  }

  /** Corrects what the generator writes wrong. */
  mended(generated: Record<string, string>): Record<string, string> {
    return generated;
  }

  /** The name of the package in code. */
  abstract moduleOf(package_name: string): string;

  /** The operations that the generator wrote. It leaves out what it cannot express. */
  written(plan: ClientPlan, generated: Readonly<Record<string, string>>): WrittenOperation[] {
    const names = new Map(this.namesIn(generated).map((name) => [bare(name), name]));
    return plan.operations.flatMap((operation) => {
      const name = names.get(bare(operation.id));
      return name === undefined ? [] : [{ ...operation, name }];
    });
  }

  /** The names that the generator gave to the operations. */
  protected abstract namesIn(generated: Readonly<Record<string, string>>): string[];

  /** Everything beside the generated code and the templates: iterators of pages, and what the test calls. */
  abstract additions(
    plan: ClientPlan,
    operations: readonly WrittenOperation[],
    generated: Readonly<Record<string, string>>,
    module: string,
  ): Files;

  /** What the templates say otherwise in the client of a GraphQL API. */
  abstract words(isGraphql: boolean): Record<string, string>;

  /** Where a template's file goes. */
  pathOf(template: string, _module: string): string {
    return template;
  }

  /** What stands in the README after the first operation without required input. */
  abstract exampleOptions(plan: ClientPlan, operation: WrittenOperation): string;
}

/** Exchanges of operations that were written. */
export function exchangesOf(plan: ClientPlan, operations: readonly WrittenOperation[]) {
  const names = new Map(operations.map(({ id, name }) => [id, name]));
  return plan.exchanges.flatMap((exchange) => {
    const name = names.get(exchange.operation);
    return name === undefined ? [] : [{ ...exchange, operation: name }];
  });
}

/** Paged operations that the test can walk through: field of the items by the iterator's name. */
export function listsOf(
  plan: ClientPlan,
  paged: readonly WrittenOperation[],
  nameOf: (operation: WrittenOperation) => string,
): Record<string, string> {
  const tested = new Set(
    plan.exchanges.filter(({ response }) => response.body !== null).map(({ operation }) => operation),
  );
  return Object.fromEntries(
    paged
      .filter(({ id }) => tested.has(id))
      .map((operation) => [nameOf(operation), operation.paging?.items_field ?? '']),
  );
}

/** Queries by the path that stands for them. Undefined for an API other than GraphQL. */
export function queriesOf(operations: readonly WrittenOperation[]): Record<string, string> | undefined {
  const queries = operations.flatMap(({ path, graphql }): [string, string][] =>
    graphql === undefined ? [] : [[path, graphql]],
  );
  return queries.length === 0 ? undefined : Object.fromEntries(queries);
}

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
/** Names without what languages change in them. */
export const bare = (name: string): string => name.replaceAll('_', '').toLowerCase();
