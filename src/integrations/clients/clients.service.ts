import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { zip } from '../../platform/archive/zip.js';
import { BoundedProcessError, runBounded } from '../../platform/async/bounded-process.js';
import { Settings } from '../../platform/config/settings.js';
import { RateLimitedError, ValidationError } from '../../shared/domain-error.js';
import type { ClientPlan } from '../catalogue/client-tasks.js';
import { wordsOf } from '../catalogue/openapi-document.js';
import { CatalogueWorkers } from '../catalogue-workers.js';
import { ClientUnavailableError } from '../integrations.errors.js';
import { IntegrationsService } from '../integrations.service.js';
import type { ClientLanguage, ClientLanguageName, Files, WrittenOperation } from './client-language.js';
import { GoLanguage } from './go.language.js';
import { PythonLanguage } from './python.language.js';
import { TypescriptLanguage } from './typescript.language.js';

/** The generators are installed here, apart from the platform; the templates stand beside them. */
const GENERATORS = new URL('../../../generators/', import.meta.url);
const DEADLINE_MS = 120_000;
/** Generators take a whole core and hundreds of megabytes. */
const AT_ONCE = 1;
const WAITING_MAX = 8;
const GENERATED_MAX_BYTES = 100_000_000;
const LEFT_OUT_SHOWN = 100;
/** Words that name no package in one of the languages. */
const RESERVED = new Set(
  (
    'and as assert async await break case chan class const continue def default defer del elif else except export fallthrough ' +
    'false finally for from func function global go goto if import in interface is lambda main map nonlocal not null or package ' +
    'pass raise range return select struct switch test tests true try type types var void while with yield'
  ).split(' '),
);

/** A generated client. */
export interface GeneratedClient {
  file_name: string;
  /** ZIP. The same catalogue gives the same bytes. */
  archive: Buffer;
}

/** Generates typed clients of integrations, by programs that can be killed. */
@Injectable()
export class ClientsService {
  private readonly turns = pLimit(AT_ONCE);
  private readonly languages: Record<ClientLanguageName, ClientLanguage>;
  private templates: Promise<Record<string, string>> | undefined;

  constructor(
    private readonly integrations: IntegrationsService,
    private readonly workers: CatalogueWorkers,
    settings: Settings,
  ) {
    this.languages = {
      typescript: new TypescriptLanguage(GENERATORS),
      python: new PythonLanguage(settings.get('CLIENT_GENERATOR_PYTHON')),
      go: new GoLanguage(settings.get('CLIENT_GENERATOR_GO')),
    };
  }

  /**
   * Takes at most two minutes. One client is generated at a time, and at most eight requests wait.
   * @throws IntegrationNotFoundError, InvalidStateError; ClientUnavailableError when the generator is missing or fails; RateLimitedError
   */
  async generate(
    wish: { org_id: string; integration_id: string; language: ClientLanguageName; package_name?: string | undefined },
    signal?: AbortSignal,
  ): Promise<GeneratedClient> {
    const { org_id, integration_id, language: wanted, package_name } = wish;
    if (package_name !== undefined && RESERVED.has(package_name))
      throw ValidationError.field('package_name', `must not be "${package_name}": the word is reserved`);
    const integration = await this.integrations.getReady(org_id, integration_id);
    const language = this.languages[wanted];
    if (!language.program('client')) throw missing(language);
    const args = { server: integration.base_url };
    const plan = await this.workers.ask('plan_client', [this.integrations.catalogueOf(integration)], args, signal);
    if (plan.operations.length === 0) {
      const left_out = plan.left_out.slice(0, LEFT_OUT_SHOWN);
      throw new ClientUnavailableError('no_operations', 'No operation can be described in OpenAPI', { left_out });
    }
    if (this.turns.pendingCount >= WAITING_MAX) throw new RateLimitedError('Too many clients are being generated', 10);
    const name = package_name ?? packageNameOf(plan.title);
    const files = await this.turns(() => this.filesOf(language, plan, name, signal));
    return { file_name: `${name}-${wanted}.zip`, archive: await zip(files) };
  }

  private async filesOf(
    language: ClientLanguage,
    plan: ClientPlan,
    name: string,
    signal?: AbortSignal,
  ): Promise<Files> {
    const module = language.moduleOf(name);
    const generated = await this.generated(language, plan, module, signal);
    const operations = language.written(plan, generated);
    if (operations.length === 0)
      throw new ClientUnavailableError('failed', 'The generator wrote no operation', { language: language.name });
    const inPackage = Object.entries(generated).map(([path, text]) => [language.generatedIn(module) + path, text]);
    const templates = await this.templatesOf(language, module, wordsFor(language, plan, operations, name, module));
    const files: Files = {
      ...(Object.fromEntries(inPackage) as Files),
      ...templates,
      ...language.additions(plan, operations, generated, module),
      'openapi.json': plan.document,
    };
    return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]));
  }

  /** What the generator writes, by path. */
  private async generated(
    language: ClientLanguage,
    plan: ClientPlan,
    module: string,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, string>> {
    const program = language.program(module);
    if (!program) throw missing(language);
    const folder = await mkdtemp(join(tmpdir(), 'nexus-client-'));
    try {
      const written = { 'openapi.json': language.document(plan), ...program.config };
      for (const [path, text] of Object.entries(written)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
      const { command, args, env, memory_mb } = program;
      await runBounded({
        ...{ command, args, env, cwd: folder, deadline_ms: DEADLINE_MS, signal },
        ...(memory_mb === undefined ? {} : { memory_mb }),
      });
      const files = await filesBelow(join(folder, 'out'), GENERATED_MAX_BYTES);
      return language.mended(Object.fromEntries(Object.entries(files).filter(([path]) => !/(?:^|\/)\./.test(path))));
    } catch (error) {
      if (!(error instanceof BoundedProcessError)) throw error;
      if (error.failure === 'missing') throw missing(language);
      const output = error.message.replaceAll(folder, '').slice(-1_000);
      const reason =
        error.failure === 'time' ? 'The generator takes too long' : 'The generator cannot use the document';
      throw new ClientUnavailableError(error.failure, reason, { language: language.name, output });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async templatesOf(language: ClientLanguage, module: string, words: Record<string, string>): Promise<Files> {
    this.templates ??= filesBelow(fileURLToPath(new URL('templates', GENERATORS)), GENERATED_MAX_BYTES);
    const files: Files = {};
    for (const [path, text] of Object.entries(await this.templates)) {
      const isOwn = path.startsWith(`${language.name}/`);
      if (!isOwn && path !== 'LICENSE') continue;
      const place = isOwn ? language.pathOf(path.slice(language.name.length + 1), module) : path;
      files[place] = text.replaceAll(/\{\{(\w+)\}\}/g, (_, word: string) => words[word] ?? '');
    }
    return files;
  }
}

function missing({ name, install }: ClientLanguage): ClientUnavailableError {
  return new ClientUnavailableError('generator_missing', `The generator of ${name} clients is not installed`, {
    language: name,
    install,
  });
}

/** What the templates leave open. */
function wordsFor(
  language: ClientLanguage,
  plan: ClientPlan,
  operations: readonly WrittenOperation[],
  name: string,
  module: string,
): Record<string, string> {
  const written = new Set(operations.map(({ id }) => id));
  const refused = plan.operations.filter(({ id }) => !written.has(id));
  const left_out = [
    ...plan.left_out.map((one) => `${one.name}: ${one.reason}`),
    ...refused.map(({ id }) => `${id}: the generator cannot express it`),
  ];
  const more = left_out.length > LEFT_OUT_SHOWN ? [`and ${left_out.length - LEFT_OUT_SHOWN} more`] : [];
  const list = [...left_out.slice(0, LEFT_OUT_SHOWN), ...more].map((one) => `- ${one}\n`).join('');
  const [tested] = plan.exchanges.filter(({ operation }) => written.has(operation));
  const example = operations.find(({ id }) => id === tested?.operation) ?? operations[0];
  return {
    ...{ package: name, module, title: plan.title, api_version: plan.api_version },
    server: plan.server.replaceAll("'", '%27').replaceAll(/["\\\s`]/g, ''),
    operation_count: String(operations.length),
    example: example?.name ?? '',
    example_options: example ? language.exampleOptions(plan, example) : '',
    left_out: left_out.length === 0 ? '' : `\n## Left out\n\n${list}`,
  };
}

function packageNameOf(title: string): string {
  const words = wordsOf(title.normalize('NFKD')).join('-').toLowerCase().slice(0, 40).replace(/-$/, '');
  return `${/^[a-z]/.test(words) ? words : `api${words === '' ? '' : `-${words}`}`}-client`;
}

async function filesBelow(folder: string, bytes_max: number): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    bytes += text.length;
    if (bytes > bytes_max) throw new BoundedProcessError('failed', `it wrote more than ${bytes_max} bytes`);
    files[relative(folder, path).split(sep).join('/')] = text;
  }
  return files;
}
