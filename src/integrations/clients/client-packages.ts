import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BoundedProcessError, runBounded } from '../../platform/async/bounded-process.js';
import type { ClientPlan } from '../catalogue/client-tasks.js';
import { ClientUnavailableError } from '../integrations.errors.js';
import {
  type ClientLanguage,
  type ClientLanguageName,
  type Files,
  queriesOf,
  type WrittenOperation,
} from './client-language.js';
import { GoLanguage } from './go.language.js';
import { PythonLanguage } from './python.language.js';
import { TypescriptLanguage } from './typescript.language.js';

/** The generators are installed here, apart from the platform; the templates stand beside them. */
const GENERATORS = new URL('../../../generators/', import.meta.url);
const DEADLINE_MS = 240_000;
const GENERATED_MAX_BYTES = 100_000_000;
const LEFT_OUT_SHOWN = 100;
const GRAPHQL_ONLY = /\/graphql\.\w+$/;

/** Where the generators of Python and Go are; that of TypeScript is installed in the folder `generators`. */
export interface Executables {
  python: string | undefined;
  go: string | undefined;
}

/** Writes the packages of clients, by generators that run in processes of their own. Nexus's own clients are written by it, too. */
export class ClientPackages {
  private readonly languages: Record<ClientLanguageName, ClientLanguage>;
  private templates: Promise<Record<string, string>> | undefined;

  constructor({ python, go }: Executables) {
    this.languages = {
      typescript: new TypescriptLanguage(GENERATORS),
      python: new PythonLanguage(python),
      go: new GoLanguage(go),
    };
  }

  /** @throws ClientUnavailableError that says how the generator is installed */
  requireInstalled(language: ClientLanguageName): void {
    const found = this.languages[language];
    if (!found.program('client')) throw missing(found);
  }

  isInstalled(language: ClientLanguageName): boolean {
    return this.languages[language].program('client') !== undefined;
  }

  /**
   * The files of a package by their paths, and the operations in it. Takes at most four minutes. The same plan gives the same files.
   * @param name of the package: small letters, digits and hyphens
   * @throws ClientUnavailableError when the generator is missing or fails
   */
  async packageOf(
    wanted: ClientLanguageName,
    plan: ClientPlan,
    name: string,
    signal?: AbortSignal,
  ): Promise<{ files: Files; operations: WrittenOperation[] }> {
    const language = this.languages[wanted];
    const module = language.moduleOf(name);
    const { generated, operations } = await this.codeOf(wanted, plan, name, signal);
    if (operations.length === 0)
      throw new ClientUnavailableError('failed', 'The generator produced no operation', { language: wanted });
    const inPackage = Object.entries(generated).map(([path, text]) => [language.generatedIn(module) + path, text]);
    const isGraphql = queriesOf(operations) !== undefined;
    const words = { ...wordsFor(language, plan, operations, name, module), ...language.words(isGraphql) };
    const templates = await this.templatesOf(language, module, words, isGraphql);
    const files = {
      ...(Object.fromEntries(inPackage) as Files),
      ...templates,
      ...language.additions(plan, operations, generated, module),
      'openapi.json': plan.document,
    };
    return { files, operations };
  }

  /** What the generator alone writes, by path, and the operations in it. @throws ClientUnavailableError */
  async codeOf(
    wanted: ClientLanguageName,
    plan: ClientPlan,
    name: string,
    signal?: AbortSignal,
  ): Promise<{ generated: Record<string, string>; operations: WrittenOperation[] }> {
    const language = this.languages[wanted];
    const generated = await this.generated(language, plan, language.moduleOf(name), signal);
    return { generated, operations: language.written(plan, generated) };
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
        error.failure === 'time' ? 'The generator took too long' : 'The generator cannot process the document';
      throw new ClientUnavailableError(error.failure, reason, { language: language.name, output });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async templatesOf(
    language: ClientLanguage,
    module: string,
    words: Record<string, string>,
    isGraphql: boolean,
  ): Promise<Files> {
    this.templates ??= filesBelow(fileURLToPath(new URL('templates', GENERATORS)), GENERATED_MAX_BYTES);
    const files: Files = {};
    for (const [path, text] of Object.entries(await this.templates)) {
      const isOwn = path.startsWith(`${language.name}/`);
      if ((!isOwn && path !== 'LICENSE') || (!isGraphql && GRAPHQL_ONLY.test(path))) continue;
      const place = isOwn ? language.pathOf(path.slice(language.name.length + 1), module) : path;
      files[place] = text.replaceAll(/\{\{(\w+)\}\}/g, (_, word: string) => words[word] ?? '');
    }
    return files;
  }
}

function missing({ name, install }: ClientLanguage): ClientUnavailableError {
  return new ClientUnavailableError('generator_missing', `The generator for ${name} clients is not installed`, {
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
