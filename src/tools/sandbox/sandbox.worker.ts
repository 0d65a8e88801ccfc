/**
 * The processes in which generated code runs: QuickJS compiled to WebAssembly, a new runtime for every call, so that nothing of
 * one call is left for the next. The code sees the language and its argument: no modules, no network, no files, no timers.
 */
import variant from '@jitl/quickjs-ng-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
  Scope,
} from 'quickjs-emscripten-core';
import { serve } from '../../platform/async/worker-jobs.js';

/** One call of generated code. Everything is plain text, so that only data crosses into the engine. */
export interface SandboxRequest {
  source: string;
  /** JSON of the argument of `run`. */
  input: string;
  /** The fixed time of the clock inside, in milliseconds since 1970. */
  now_ms: number;
  time_limit_ms: number;
  memory_limit_bytes: number;
  output_limit_bytes: number;
}

type SandboxFailure = 'time' | 'memory' | 'output' | 'error';

/** `output` is JSON. */
export type SandboxAnswer = { output: string } | { failure: SandboxFailure; message: string };

const STACK_LIMIT_BYTES = 512 * 1024;
const MESSAGE_LIMIT = 500;
/** WebAssembly memory of one engine, in pages of 64 KB: 16 MB at first, never more than 64 MB. Without a maximum it grows to 2 GB. */
const MEMORY_PAGES = { initial: 256, maximum: 1_024 } as const;

/** Random numbers come in the same order in every call (mulberry32), and there is no finer clock than the fixed one. */
const PRELUDE = `
delete globalThis.performance;
Math.random = ((state) => () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
})(1);`;

const CALL = `(json) => {
  if (typeof run !== 'function') throw new TypeError('the source must define a function run(input)');
  return Promise.resolve(run(JSON.parse(json))).then((value) => JSON.stringify(value === undefined ? null : value));
}`;

// The engine asks this process for the time and its zone: one moment per call, always UTC.
let fixedNow = 0;
const stopwatch = performance.now.bind(performance);
Date.now = () => fixedNow;
Date.prototype.getTimezoneOffset = () => 0;

// An engine that gives up prints why; the caller learns it from the answer.
console.error = () => undefined;

let engine: Promise<QuickJSWASMModule> | undefined;

function loadEngine(): Promise<QuickJSWASMModule> {
  // The package's types describe its CommonJS side; loaded as a module, its default export is the variant itself.
  const bounded = newVariant(variant as unknown as QuickJSSyncVariant, {
    wasmMemory: new WebAssembly.Memory(MEMORY_PAGES),
  });
  return newQuickJSWASMModuleFromVariant(bounded);
}

/** A global of Node that the types of its library leave to browsers. */
declare const WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => object };

class SandboxFault extends Error {
  readonly failure: SandboxFailure;

  constructor(failure: SandboxFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export const sandboxJobs = {
  run: async () => {
    await (engine ??= loadEngine());
    return async (request: SandboxRequest): Promise<SandboxAnswer> => {
      const { is_spent, ...answer } = answerTo(await (engine ??= loadEngine()), request);
      if (is_spent) engine = undefined;
      return answer;
    };
  },
};

export default serve(sandboxJobs);

function answerTo(engine: QuickJSWASMModule, request: SandboxRequest): SandboxAnswer & { is_spent?: boolean } {
  fixedNow = request.now_ms;
  const runtime = engine.newRuntime();
  const started = stopwatch();
  runtime.setMemoryLimit(request.memory_limit_bytes);
  runtime.setMaxStackSize(STACK_LIMIT_BYTES);
  runtime.setInterruptHandler(() => stopwatch() - started > request.time_limit_ms);
  const answer = attempt(() => Scope.withScope((scope) => call(scope, scope.manage(runtime.newContext()), request)));
  try {
    runtime.dispose();
    return answer;
  } catch {
    // Something of the call is still held inside: this engine must not serve another one.
    return { ...answer, is_spent: true };
  }
}

function attempt(work: () => string): SandboxAnswer & { is_spent?: boolean } {
  try {
    return { output: work() };
  } catch (error) {
    if (error instanceof SandboxFault) return { failure: error.failure, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { failure: 'error', message, is_spent: true };
  }
}

function call(scope: Scope, context: QuickJSContext, { source, input, output_limit_bytes }: SandboxRequest): string {
  const valueOf = (outcome: Outcome): QuickJSHandle => {
    if (outcome.error) throw faultOf(context, scope.manage(outcome.error));
    return scope.manage(outcome.value);
  };
  const evaluate = (code: string, file: string) => valueOf(context.evalCode(code, file, { type: 'global' }));
  evaluate(PRELUDE, 'prelude.js');
  evaluate(source, 'tool.js');
  const argument = scope.manage(context.newString(input));
  const promise = valueOf(context.callFunction(evaluate(CALL, 'call.js'), context.undefined, argument));
  const jobs = context.runtime.executePendingJobs();
  if (jobs.error) throw faultOf(context, scope.manage(jobs.error));
  const state = context.getPromiseState(promise);
  if (state.type === 'pending') throw new SandboxFault('error', 'the promise that run returned never settled');
  if (state.type === 'rejected') throw faultOf(context, scope.manage(state.error));
  const value = scope.manage(state.value);
  const output = context.typeof(value) === 'string' ? context.getString(value) : 'null';
  const size = Buffer.byteLength(output);
  if (size > output_limit_bytes)
    throw new SandboxFault('output', `it returned ${size} bytes; the limit is ${output_limit_bytes}`);
  return output;
}

type Outcome = ReturnType<QuickJSContext['evalCode']>;

function faultOf(context: QuickJSContext, handle: QuickJSHandle): SandboxFault {
  const thrown: unknown = context.dump(handle);
  // Without memory for an error object the engine throws null.
  if (thrown === null) return new SandboxFault('memory', 'it threw null, or it needs too much memory');
  const { name, message } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<string, unknown>;
  const text = typeof message === 'string' ? message : String(JSON.stringify(thrown));
  if (name === 'InternalError' && text === 'interrupted') return new SandboxFault('time', 'it ran too long');
  if (name === 'InternalError' && text.includes('out of memory'))
    return new SandboxFault('memory', 'it needs too much memory');
  const kind = typeof name === 'string' ? `${name}: ` : '';
  return new SandboxFault('error', `${kind}${text}`.slice(0, MESSAGE_LIMIT));
}
