import type { ClientLanguageName, Files } from '../integrations/clients/client-language.js';

/** A library that a generated client needs. */
export interface Dependency {
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
