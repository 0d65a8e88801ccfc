/**
 * Jest's runtime for tests that start the whole platform. Jest itself loads every module again for every test file, which
 * takes longer than most of these tests; here Node.js loads them, once for all the test files of a worker. Only Jest's
 * own modules live in a context of their own. Modules cannot be mocked.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModernFakeTimers } from '@jest/fake-timers';
import { transformSync } from '@swc/core';
import jestRuntime from 'jest-runtime';

const TEST_GLOBALS = ['afterAll', 'afterEach', 'beforeAll', 'beforeEach', 'describe', 'expect', 'it', 'test'];
/** Shared with the context, so that `expect.any(String)` and `toThrow(Error)` mean the classes that the tests name. */
const CLASSES = [
  Array,
  BigInt,
  Boolean,
  Date,
  Error,
  Function,
  Map,
  Number,
  Object,
  Promise,
  RangeError,
  RegExp,
  Set,
  String,
  Symbol,
  SyntaxError,
  TypeError,
  Uint8Array,
];
const MOCKS = 'nexus:mocks';

/** Jest reads source maps from files; each is written when a stack first names its module. */
class SourceMaps extends Map {
  #directory;
  #paths = new Map();

  get(url) {
    if (this.has(url) && !this.#paths.has(url)) this.#paths.set(url, this.#write(super.get(url)));
    return this.#paths.get(url);
  }

  [Symbol.iterator]() {
    return this.#paths[Symbol.iterator]();
  }

  #write(map) {
    if (this.#directory === undefined) {
      const directory = mkdtempSync(join(tmpdir(), 'nexus-source-maps-'));
      process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
      this.#directory = directory;
    }
    const path = join(this.#directory, `${this.#paths.size}.json`);
    writeFileSync(path, map);
    return path;
  }
}
const sourceMaps = new SourceMaps();

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === '@jest/globals') return { url: MOCKS, format: 'module', shortCircuit: true };
    const isSource = /^\.(?!.*node_modules)/.test(specifier) && context.parentURL?.endsWith('.ts') === true;
    return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
  load: (url, context, next) => {
    if (url === MOCKS) return { format: 'module', source: 'export const jest = globalThis.jest;', shortCircuit: true };
    const { pathname } = new URL(url);
    if (!pathname.endsWith('.ts') || pathname.includes('/node_modules/')) return next(url, context);
    const filename = fileURLToPath(url);
    const { code, map } = transformSync(readFileSync(filename, 'utf8'), { filename, sourceMaps: true });
    sourceMaps.set(url, map);
    return { format: 'module', source: code, shortCircuit: true };
  },
});

export default class NativeRuntime extends jestRuntime {
  constructor(config, environment, ...others) {
    for (const shared of CLASSES) environment.global[shared.name] = shared;
    super(config, environment, ...others);
    this.environment = environment;
    this.projectConfig = config;
    this.variables = { ...process.env };
  }

  async unstable_importModule(path) {
    for (const name of TEST_GLOBALS) globalThis[name] = this.environment.global[name];
    globalThis.jest = this.mocks();
    await import(pathToFileURL(path).href);
  }

  getSourceMaps() {
    return sourceMaps;
  }

  /** What `import { jest } from '@jest/globals'` gives. */
  mocks() {
    const mocker = this.environment.moduleMocker;
    const timers = (this.timers = new ModernFakeTimers({ config: this.projectConfig, global: globalThis }));
    return {
      fn: mocker.fn.bind(mocker),
      spyOn: mocker.spyOn.bind(mocker),
      restoreAllMocks: () => mocker.restoreAllMocks(),
      useFakeTimers: (options) => timers.useFakeTimers(options),
      useRealTimers: () => timers.useRealTimers(),
      advanceTimersByTimeAsync: (milliseconds) => timers.advanceTimersByTimeAsync(milliseconds),
    };
  }

  teardown() {
    this.timers?.dispose();
    for (const name of Object.keys(process.env)) if (!(name in this.variables)) delete process.env[name];
    Object.assign(process.env, this.variables);
    super.teardown();
  }
}
