import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiDocument } from '../../api-document.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** Pages and files beside the API. */
const SERVED_BESIDE = /^\/(?:docs|redoc|openapi)/;

interface Layer {
  route?: { path: unknown; methods: Record<string, boolean> };
}
interface Described {
  operationId?: string;
  summary?: string;
  responses?: object;
}

/** Compares the routes that the process really serves with its OpenAPI document. */
@Injectable()
export class ApiDocumentationReadiness extends ReadinessCheck {
  override readonly name = 'api_documentation';

  constructor(
    private readonly document: ApiDocument,
    private readonly host: HttpAdapterHost,
  ) {
    super();
  }

  override async look(): Promise<Finding> {
    const { paths } = await this.document.read();
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Described>)
        .filter(([method]) => METHODS.includes(method))
        .map(([method, operation]) => ({ name: `${method} ${bare(path)}`, ...operation })),
    );
    const documented = new Set(operations.map(({ name }) => name));
    const undocumented = this.served().filter((route) => !documented.has(route));
    const incomplete = operations.filter(({ summary, responses }) => !summary || !responses).map(({ name }) => name);
    const ids = operations.map(({ operationId }) => operationId ?? '');
    const repeated = [...new Set(ids.filter((id, index) => id === '' || ids.indexOf(id) !== index))];
    const evidence = { operations: operations.length, undocumented, incomplete, repeated_operation_ids: repeated };
    return undocumented.length + incomplete.length + repeated.length === 0
      ? pass(`All ${operations.length} operations are documented, each with an id of its own`, evidence)
      : fail('The document does not describe what is served', evidence, 'Document the routes named in evidence.');
  }

  /** As Express has them. */
  private served(): string[] {
    const express = this.host.httpAdapter.getInstance<{ router?: { stack?: Layer[] } }>();
    const routes = (express.router?.stack ?? []).flatMap(({ route }) => (route ? [route] : []));
    return routes.flatMap(({ path, methods }) =>
      typeof path !== 'string' || SERVED_BESIDE.test(path) || refusesMethods(methods)
        ? []
        : METHODS.filter((method) => methods[method]).map((method) => `${method} ${bare(path)}`),
    );
  }
}

/** A route of all methods is the one that answers 405 for those that the path does not have. */
function refusesMethods(methods: Record<string, boolean>): boolean {
  return METHODS.every((method) => methods[method]);
}

/** A path without the names of its parameters: `/a/:id`, `/a/{id}` and `/a/*path` are the same place. */
function bare(path: string): string {
  return path.replace(/\{\*?\w+\}|\*\w+|:\w+/g, '{}');
}
