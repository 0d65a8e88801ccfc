import type { ClientLanguageName, Files } from '../integrations/clients/client-language.js';
import { VERSION } from '../shared/version.js';
import { type Manifest, MANIFEST } from './package.js';

/** A library that a generated client needs. */
interface Dependency {
  name: string;
  /** As the package declares it: a version or a range. */
  version: string;
  purl: string;
}

/** What the package file of a generated client declares. */
export function dependenciesOf(language: ClientLanguageName, files: Files): Dependency[] {
  const text = (path: string): string => Buffer.from(files[path] ?? '').toString('utf8');
  if (language === 'typescript') {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(text('package.json') || '{}') as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    return Object.entries({ ...dependencies, ...devDependencies }).map(([name, version]) =>
      dependency('npm', name.replace('@', '%40'), name, version),
    );
  }
  if (language === 'python') {
    const list = /^dependencies = \[([\s\S]*?)\]/m.exec(text('pyproject.toml'))?.[1] ?? '';
    return list.split('"').flatMap((declared, index) => {
      const name = /^[\w.-]+/.exec(declared)?.[0] ?? '';
      return index % 2 === 0 ? [] : [dependency('pypi', name.toLowerCase(), name, declared.slice(name.length).trim())];
    });
  }
  return text('go.mod')
    .split('\n')
    .map((line) => line.replace('require ', '').trim().split(' '))
    .flatMap(([name = '', version = '']) =>
      name.includes('/') && /^v\d/.test(version) ? [dependency('golang', name, name, version)] : [],
    );
}

/** A range is no version: the address of the package then has none. */
function dependency(type: string, path: string, name: string, version: string): Dependency {
  const exact = /^(?:==)?(v?\d[\w.+-]*)$/.exec(version)?.[1];
  return { name, version, purl: `pkg:${type}/${path}${exact === undefined ? '' : `@${exact}`}` };
}

/** A generated client in the package. */
export interface SbomLibrary {
  name: string;
  language: string;
  dependencies: readonly Dependency[];
}

/** CycloneDX 1.6: agents, flows and documents with their hashes, models, clients with their libraries, and called services. */
export function sbom(
  manifest: Manifest,
  digest: string,
  models: readonly string[],
  libraries: readonly SbomLibrary[],
): Record<string, unknown> {
  const root = `package:${manifest.name}`;
  const hashesOf = (file: string) => [{ alg: 'SHA-256', content: manifest.files[file] }];
  const dependencies = new Map(
    libraries.flatMap((client) => client.dependencies.map((one) => [`${one.purl} ${one.version}`, one])),
  );
  const components = [
    ...manifest.agents.map(({ agent_id, file }) => ({
      ...{ type: 'application', 'bom-ref': `agent:${agent_id}`, name: agent_id, hashes: hashesOf(file) },
    })),
    ...manifest.flows.map(({ flow_id, name, file }) => ({
      ...{ type: 'application', 'bom-ref': `flow:${flow_id}`, name, hashes: hashesOf(file) },
    })),
    ...manifest.integrations.map(({ integration_id, name, file }) => ({
      ...{
        type: 'data',
        'bom-ref': `document:${integration_id}`,
        name: `${name} (API document)`,
        hashes: hashesOf(file),
      },
    })),
    ...models.map((name) => ({ type: 'machine-learning-model', 'bom-ref': `model:${name}`, name })),
    ...libraries.map(({ name, language }) => ({ type: 'library', 'bom-ref': `client:${language}:${name}`, name })),
    ...[...dependencies].map(([ref, { name, version, purl }]) => ({
      ...{ type: 'library', 'bom-ref': ref, name, version, purl },
    })),
  ];
  const services = [
    ...manifest.integrations.map(({ integration_id, name, base_url, needs_credential }) => ({
      ...{ 'bom-ref': `service:${integration_id}`, name, authenticated: needs_credential },
      ...(base_url === null ? {} : { endpoints: [base_url] }),
    })),
    ...manifest.tools
      .filter(({ kind }) => kind !== 'integration' && kind !== 'flow')
      .map(({ tool_id, name, needs_credential }) => ({
        ...{ 'bom-ref': `service:${tool_id}`, name, authenticated: needs_credential },
      })),
  ];
  const id = digest.slice(0, 32);
  const variant = ((Number.parseInt(id.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const parts = [id.slice(0, 8), id.slice(8, 12), `8${id.slice(13, 16)}`, variant + id.slice(17, 20), id.slice(20)];
  return {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${parts.join('-')}`, version: 1 },
    metadata: {
      tools: { components: [{ type: 'application', name: 'nexus', version: VERSION }] },
      component: { type: 'application', 'bom-ref': root, name: manifest.name, version: digest.slice(0, 12) },
    },
    components,
    services,
    dependencies: [
      { ref: root, dependsOn: [...components, ...services].map((one) => one['bom-ref']) },
      ...libraries.map(({ name, language, dependencies: needed }) => ({
        ref: `client:${language}:${name}`,
        dependsOn: needed.map((one) => `${one.purl} ${one.version}`),
      })),
    ],
  };
}

/** One agent in one container, on an image of the platform. */
export function dockerfile({ agents }: Manifest): string {
  const [first] = agents;
  return `# One agent in a container: docker build --build-arg NEXUS_IMAGE=<your image> --build-arg AGENT=<file> -t agent .
# Agents: ${agents.map(({ file }) => file).join(', ')}
ARG NEXUS_IMAGE=nexus:${VERSION}
FROM \${NEXUS_IMAGE}
ARG AGENT=${first?.file ?? ''}
COPY \${AGENT} /agent/agent.json
ENV AGENT_SERVER_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \\
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/ping').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/agent-server/main.js", "/agent/agent.json"]
`;
}

export function readme(manifest: Manifest, libraries: readonly SbomLibrary[]): string {
  const { name, agents, flows, integrations, tools } = manifest;
  const section = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `\n## ${title}\n\n${lines.map((line) => `- ${line}\n`).join('')}`;
  const needs = [
    ...integrations.filter((one) => one.needs_credential).map((one) => `the integration "${one.name}"`),
    ...tools.filter((one) => one.needs_credential).map((one) => `the tool "${one.name}"`),
  ];
  return `# ${name}

Exported from Nexus ${manifest.nexus_version}. \`${MANIFEST}\` lists what is inside, \`sbom.cdx.json\` is a CycloneDX bill of materials.

## Import

\`\`\`sh
curl -s "$NEXUS_URL/api/v1/imports" -H "Authorization: Bearer $NEXUS_API_KEY" -F file=@package.zip
\`\`\`
${section(
  'Agents',
  agents.map(({ agent_id, file }) => `\`${file}\` (${agent_id})`),
)}${
    agents.length === 0
      ? ''
      : `\nAn agent runs without the platform's database: \`docker build --build-arg NEXUS_IMAGE=<your image> -t agent .\`. Attached tools need the platform.\n`
  }${section(
    'Flows',
    flows.map(({ name: title, file }) => `\`${file}\` (${title}); triggers are not exported`),
  )}${section(
    'Integrations',
    integrations.map(({ name: title, file }) => `\`${file}\` (${title})`),
  )}${section(
    'Clients',
    libraries.map((one) => `${one.name} in ${one.language}`),
  )}${section(
    'Credentials to set after the import',
    needs.map((what) => `${what} uses a credential, which is not exported`),
  )}`;
}
