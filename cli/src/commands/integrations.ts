import { readFileSync, writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import {
  callOperation,
  createIntegration,
  type DataOf,
  deleteIntegration,
  generateClient,
  getIntegration,
  listFindings,
  listIntegrations,
  listOperations,
  turnMock,
} from '../../../sdks/typescript/src/index.js';
import { CliError, EXIT, failed } from '../failure.js';
import { short } from '../runs.js';
import { timeOf } from '../screen.js';
import { type Act, listed, type ListOptions, pageOf, type Shell, taken } from '../shell.js';

type Integration = DataOf<typeof getIntegration>;
type Called = DataOf<typeof callOperation>;
const FORMATS = ['auto', 'openapi', 'postman', 'graphql', 'asyncapi'] as const;
const LANGUAGES = ['typescript', 'python', 'go'] as const;
const SEVERITIES = ['error', 'warning', 'info'] as const;

interface AddOptions {
  name?: string;
  baseUrl?: string;
  credential?: string;
  format?: (typeof FORMATS)[number];
}

interface CallOptions {
  input?: string;
  credential?: string;
  allPages?: boolean;
}

/** `integrations`. */
export function addIntegrations(program: Command, act: Act): void {
  const integrations = program
    .command('integrations')
    .description('Imported APIs: operations, calls, findings, clients.');
  integrations
    .command('add')
    .argument('<source>', 'a URL, a file, or - for standard input')
    .description('Imports an API and shows the progress: OpenAPI, Postman, GraphQL or AsyncAPI.')
    .option('--name <name>', "name of the integration; the source's by default")
    .option('--base-url <address>', 'base URL of the API')
    .option('--credential <id>', 'stored credential that calls use')
    .addOption(new Option('--format <format>', 'format of the document').choices(FORMATS))
    .action(act(add));
  listed(integrations.command('ls', { isDefault: true }))
    .description('Lists imported APIs.')
    .action(
      act(async (shell, options: ListOptions) => {
        const rows = await taken(shell.nexus().items(listIntegrations, { query: pageOf(options) }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.integration_id },
          { title: 'name', value: (row: (typeof rows)[number]) => row.name },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'version', value: (row: (typeof rows)[number]) => row.version },
          { title: 'operations', value: (row: (typeof rows)[number]) => row.operation_count },
          { title: 'mock', value: (row: (typeof rows)[number]) => row.mock },
          { title: 'updated', value: (row: (typeof rows)[number]) => timeOf(row.updated_at) },
        ];
        shell.screen.list(rows, columns, 'There are no integrations. Import an API: nexus integrations add <url>');
      }),
    );
  integrations
    .command('get')
    .argument('<integration>')
    .description('Shows an imported API.')
    .action(
      act(async (shell, integration_id: string) =>
        show(shell, await shell.nexus().call(getIntegration, { path: { integration_id } })),
      ),
    );
  listed(integrations.command('operations').argument('<integration>'))
    .description('Lists the operations of an API.')
    .option('--search <words>', 'words to search for; best matches first')
    .option('--risk <risk>', 'read, write, destructive')
    .option('--tag <tag>', 'only operations with this tag')
    .action(act(operations));
  integrations
    .command('call')
    .argument('<integration>')
    .argument('<operation>', 'name or id of the operation')
    .description('Calls an operation and prints the body of the response.')
    .option('-i, --input <object>', 'JSON or YAML, @file, or - for standard input')
    .option('--credential <id>', "stored credential; the integration's by default")
    .option('--all-pages', 'read every page')
    .action(act(call));
  listed(integrations.command('findings').argument('<integration>'))
    .description('Lists the findings in the document of an API, with its score.')
    .addOption(new Option('--severity <severity>', 'only findings of this severity').choices(SEVERITIES))
    .action(act(findings));
  integrations
    .command('mock')
    .argument('<integration>')
    .argument('<mode>', 'on, instead or off')
    .description('Serves a mock of the API alongside it (on) or in its place (instead).')
    .action(
      act(async (shell, integration_id: string, mode: 'on' | 'instead' | 'off') => {
        const turned = await shell.nexus().call(turnMock, { path: { integration_id }, body: { mode } });
        shell.screen.record(turned, [
          ['mock', turned.mode],
          ['address', turned.path === null ? undefined : `${shell.target.url}${turned.path}`],
        ]);
      }),
    );
  integrations
    .command('client')
    .argument('<integration>')
    .description('Generates a typed client of an API and writes it as a ZIP archive.')
    .addOption(
      new Option('-l, --language <language>', 'language of the client').choices(LANGUAGES).makeOptionMandatory(),
    )
    .option('-o, --out <path>', 'the archive; <language>-client.zip by default')
    .option('--package <name>', 'name of the package')
    .action(act(client));
  integrations
    .command('rm')
    .argument('<integration>')
    .description('Deletes an imported API with its versions and recorded responses.')
    .option('-y, --yes', 'do not ask')
    .action(
      act(async (shell, integration_id: string, { yes }: { yes?: boolean }) => {
        if (!yes && !/^y/i.test(await shell.ask(`Delete ${integration_id} with its versions? [y/N] `)))
          throw new CliError('Nothing was deleted', EXIT.failed);
        const deleted = await shell.nexus().call(deleteIntegration, { path: { integration_id } });
        shell.screen.record(deleted, [['deleted', integration_id]]);
      }),
    );
}

async function add(shell: Shell, source: string, options: AddOptions): Promise<void> {
  const nexus = shell.nexus();
  const isAddress = /^https?:\/\//.test(source);
  const name = options.name ?? (isAddress ? new URL(source).hostname : nameOf(source));
  const made = await nexus.call(createIntegration, {
    body: {
      name,
      source: isAddress ? { url: source } : { content: await shell.file(source) },
      base_url: options.baseUrl,
      credential_id: options.credential,
      format: options.format,
    },
  });
  const { integration_id } = made;
  const bar = shell.screen.progress();
  bar.note(`Importing ${shell.screen.bold(integration_id)}`);
  shell.interrupted = () => {
    bar.end();
    shell.screen.note(`The import continues: nexus integrations get ${integration_id}`);
    return false;
  };
  try {
    for await (const { data } of nexus.importEvents(integration_id))
      bar.show(data.status === 'importing' ? 50 : 100, `${data.status}, ${data.operation_count} operations`);
  } finally {
    bar.end();
    shell.interrupted = undefined;
  }
  const imported = await nexus.waitForImport(integration_id);
  show(shell, imported);
  if (imported.status !== 'ready') throw failed(`The import failed: ${imported.import?.failure ?? 'no reason given'}`);
}

const nameOf = (path: string): string => (path === '-' ? 'API' : basename(path, extname(path)));

function show({ screen }: Shell, one: Integration): void {
  const { read, write, destructive } = one.risks;
  screen.record(one, [
    ['integration', `${one.name} (${one.integration_id})`],
    ['status', one.status],
    ['failure', one.import?.failure],
    ['api', `${one.title} ${one.api_version}`.trim()],
    ['format', `${one.format} ${one.format_version}`],
    ['version', one.version],
    ['operations', `${one.operation_count}: ${read} read, ${write} write, ${destructive} destructive`],
    ['base url', one.base_url ?? one.servers[0]],
    ['mock', one.mock],
  ]);
}

async function operations(
  shell: Shell,
  integration_id: string,
  options: ListOptions & { search?: string; risk?: 'read' | 'write' | 'destructive'; tag?: string },
): Promise<void> {
  const query = { ...pageOf(options), query: options.search, risk: options.risk, tag: options.tag };
  const rows = await taken(shell.nexus().items(listOperations, { path: { integration_id }, query }), options);
  const columns = [
    { title: 'name', value: (row: (typeof rows)[number]) => row.name },
    { title: 'risk', value: (row: (typeof rows)[number]) => row.risk },
    { title: 'method', value: (row: (typeof rows)[number]) => row.method },
    { title: 'path', value: (row: (typeof rows)[number]) => row.path },
    { title: 'summary', value: (row: (typeof rows)[number]) => row.summary },
  ];
  shell.screen.list(rows, columns, 'No operation matches.');
}

async function call(shell: Shell, integration_id: string, operation_id: string, options: CallOptions): Promise<void> {
  const { screen } = shell;
  const called: Called = await shell.nexus().call(callOperation, {
    path: { integration_id, operation_id },
    body: {
      input: options.input === undefined ? {} : await shell.object(options.input, 'The input'),
      credential_id: options.credential,
      all_pages: options.allPages,
    },
  });
  const { status, duration_ms, mismatches } = called;
  if (screen.isTable) {
    const body = called.items ?? called.body;
    screen.note(screen.dim(`${called.method} ${called.path} returned ${status} in ${duration_ms} ms`));
    screen.line(typeof body === 'string' ? body : JSON.stringify(body, null, 2));
    for (const { pointer, message } of mismatches) screen.note(`Not as documented: ${pointer} ${message}`);
  } else screen.document(called);
  if (status >= 400) throw failed(`${called.name} returned ${status}`);
}

async function findings(
  shell: Shell,
  integration_id: string,
  options: ListOptions & { severity?: (typeof SEVERITIES)[number] },
): Promise<void> {
  const nexus = shell.nexus();
  const query = { ...pageOf(options), severity: options.severity };
  const { score, counts } = await nexus.call(listFindings, { path: { integration_id }, query: { limit: 1 } });
  const rows = await taken(nexus.items(listFindings, { path: { integration_id }, query }), options);
  if (!shell.screen.isTable) {
    shell.screen.document({ score, counts, findings: rows });
    return;
  }
  const { error, warning, info } = counts;
  shell.screen.line(`Score ${score} of 100: ${error} errors, ${warning} warnings, ${info} notes`);
  const columns = [
    { title: 'severity', value: (row: (typeof rows)[number]) => row.severity },
    { title: 'where', value: (row: (typeof rows)[number]) => row.pointer },
    { title: 'finding', value: (row: (typeof rows)[number]) => row.message },
    { title: 'fix', value: (row: (typeof rows)[number]) => short(row.fix) },
  ];
  if (rows.length > 0) shell.screen.write(shell.screen.table(rows, columns));
}

async function client(
  shell: Shell,
  integration_id: string,
  options: { language: (typeof LANGUAGES)[number]; out?: string; package?: string },
): Promise<void> {
  const { language, out = `${language}-client.zip`, package: package_name } = options;
  const archive: unknown = await shell
    .nexus()
    .call(generateClient, { path: { integration_id }, body: { language, package_name } });
  if (!(archive instanceof Blob)) throw failed('The platform did not send an archive');
  writeFileSync(out, new Uint8Array(await archive.arrayBuffer()));
  shell.screen.record({ file: out, bytes: readFileSync(out).length }, [['wrote', `${out}, ${archive.size} bytes`]]);
}
