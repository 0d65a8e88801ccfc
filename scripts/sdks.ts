// Writes what is generated of Nexus's own clients (sdks/) from openapi.json, by the generators that POST /integrations/{id}/clients uses.
// Usage: npm run sdks [-- typescript|python|go ...]; npm run sdks:check fails when openapi.json, the version or the committed code differ.
// The generators of Python and Go are taken from CLIENT_GENERATOR_PYTHON and CLIENT_GENERATOR_GO.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ClientPlan, clientTasks } from '../src/integrations/catalogue/client-tasks.js';
import type { Catalogue } from '../src/integrations/catalogue/operation.js';
import { CLIENT_LANGUAGES, type ClientLanguageName } from '../src/integrations/clients/client-language.js';
import { ClientPackages } from '../src/integrations/clients/client-packages.js';
import { readSource } from '../src/integrations/formats/read-source.js';

/** Where the code of each language is written. That of TypeScript is committed: the console and the command line use it as it is. */
const PLACES: Record<ClientLanguageName, { package: string; folder: string; isCommitted: boolean }> = {
  typescript: { package: 'nexus-sdk', folder: 'sdks/typescript/src/generated', isCommitted: true },
  python: { package: 'nexus-sdk', folder: 'sdks/python/nexus_sdk/generated', isCommitted: false },
  go: { package: 'nexus', folder: 'sdks/go', isCommitted: false },
};
const LOCK = 'sdks/generated.json';
/** Files that hold the version, with what stands around it. */
const VERSIONS: readonly (readonly [string, RegExp])[] = [
  ['sdks/typescript/package.json', /("version": ")[^"]*(")/],
  ['cli/package.json', /("version": ")[^"]*(")/],
  ['sdks/python/pyproject.toml', /(^version = ")[^"]*(")/m],
  ['sdks/go/version.go', /(const Version = ")[^"]*(")/],
];

type Json = Record<string, unknown>;

/** Without older routes, and without the protocols that have official clients. */
async function planOfOwnApi(): Promise<ClientPlan> {
  const text = readFileSync('openapi.json', 'utf8');
  const read = await readSource({ text, format: 'openapi', url: 'http://127.0.0.1:8000/openapi.json', files: {} });
  const catalogue = read as Catalogue;
  const operations = catalogue.operations.filter(({ deprecated, tags }) => !deprecated && !tags.includes('OpenAI'));
  const schemas: Json = {};
  const add = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      const name = key === '$ref' && typeof child === 'string' ? child.slice('#/$defs/'.length) : undefined;
      if (name === undefined) add(child);
      else if (!(name in schemas) && name in catalogue.schemas) {
        schemas[name] = catalogue.schemas[name];
        add(catalogue.schemas[name]);
      }
    }
  };
  add(operations);
  const used = Object.entries(catalogue.schemas).filter(([name]) => name in schemas);
  const own: Catalogue = { ...catalogue, operations, schemas: Object.fromEntries(used) };
  return clientTasks.plan_client([own], { server: 'http://127.0.0.1:8000' });
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const env = process.env;
const packages = new ClientPackages({ python: env['CLIENT_GENERATOR_PYTHON'], go: env['CLIENT_GENERATOR_GO'] });
const plan = await planOfOwnApi();
const document = createHash('sha256').update(plan.document).digest('hex');
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const faults: string[] = [];
const wanted = CLIENT_LANGUAGES.filter((one) => positionals.length === 0 || positionals.includes(one));

for (const [file, pattern] of VERSIONS) {
  if (!existsSync(file)) continue;
  const text = readFileSync(file, 'utf8');
  const right = text.replace(pattern, (_, before: string, after: string) => before + version + after);
  if (values.check && text !== right) faults.push(`${file} has a different version than package.json`);
  else if (text !== right) writeFileSync(file, right);
}
for (const language of wanted) {
  const { package: name, folder, isCommitted } = PLACES[language];
  if (values.check && !isCommitted) continue;
  if (!packages.isInstalled(language)) {
    const message = `${language}: left out, its generator is not installed (npm run test:generated installs all)`;
    process.stdout.write(`${message}\n`);
    if (isCommitted) faults.push(message);
    continue;
  }
  const { generated, operations } = await packages.codeOf(language, plan, name);
  const paths = Object.keys(generated);
  if (values.check) {
    const there = filesBelow(folder);
    const changed = paths.filter(
      (path) => !there.includes(path) || readFileSync(join(folder, path), 'utf8') !== generated[path],
    );
    const differing = [...changed, ...there.filter((path) => !paths.includes(path))];
    if (differing.length > 0) faults.push(`${folder} differs: ${differing.slice(0, 5).join(', ')}`);
  } else {
    if (folder.endsWith('generated')) rmSync(folder, { recursive: true, force: true });
    for (const [path, text] of Object.entries(generated)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
  process.stdout.write(`${language}: ${operations.length} operations of ${plan.operations.length}\n`);
}
const lock = `${JSON.stringify({ document, operations: plan.operations.length }, null, 2)}\n`;
if (!values.check) writeFileSync(LOCK, lock);
else if (!existsSync(LOCK) || readFileSync(LOCK, 'utf8') !== lock) faults.push(`${LOCK} does not match openapi.json`);
for (const fault of faults) process.stderr.write(`${fault}\n`);
if (faults.length > 0) {
  process.stderr.write('Run npm run sdks and commit what it changes.\n');
  process.exitCode = 1;
}
