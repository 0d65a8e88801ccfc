/**
 * Jest's runtime for tests that start the whole platform. Jest itself loads every module again for every test file, which
 * takes longer than most of these tests; here Node.js loads them, once for all the test files of a worker. Only Jest's
 * own modules live in a context of their own. Modules cannot be mocked.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
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
  #isOver = false;

  text(url) {
    return super.get(url);
  }

  get(url) {
    if (this.has(url) && !this.#paths.has(url) && !this.#isOver) this.#paths.set(url, this.#write(super.get(url)));
    return this.#paths.get(url);
  }

  [Symbol.iterator]() {
    return this.#paths[Symbol.iterator]();
  }

  #write(map) {
    if (this.#directory === undefined) {
      const directory = mkdtempSync(join(tmpdir(), 'nexus-source-maps-'));
      process.once('exit', () => {
        this.#isOver = true;
        rmSync(directory, { recursive: true, force: true });
      });
      this.#directory = directory;
    }
    const path = join(this.#directory, `${this.#paths.size}.json`);
    writeFileSync(path, map);
    return path;
  }
}
const sourceMaps = new SourceMaps();

/**
 * What of src/ was run, for `npm run test:coverage`. Written after each test file: Jest ends its workers before Node.js could write
 * NODE_V8_COVERAGE itself, which it does in the processes that tests start.
 */
class Coverage {
  #session = new Session();
  #directory;
  #files = 0;

  constructor(directory) {
    this.#directory = directory;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  write() {
    const root = pathToFileURL('src/').href;
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error;
      const run = result.filter(({ url }) => url.startsWith(root) && sourceMaps.has(url));
      const maps = run.map(({ url }) => [url, { lineLengths: [], data: JSON.parse(sourceMaps.text(url)) }]);
      const report = { result: run, 'source-map-cache': Object.fromEntries(maps) };
      const file = `coverage-${process.pid}-test-${(this.#files += 1)}.json`;
      writeFileSync(join(this.#directory, file), JSON.stringify(report));
    });
  }
}
const coverage = process.env.NODE_V8_COVERAGE ? new Coverage(process.env.NODE_V8_COVERAGE) : undefined;

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
    coverage?.write();
    super.teardown();
  }
}
