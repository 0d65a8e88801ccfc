import { hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { WorkerError, WorkerPool } from '../platform/async/worker-pool.js';
import { type ToolContext, type ToolDocument, ToolError } from './tool.js';
import type { ToolAnswer, toolJobs, ToolTask } from './tool.worker.js';
import { RateLimitedError } from '../shared/domain-error.js';

const MODULE = new URL('./tool.worker.js', import.meta.url);
const CALL_DEADLINE_MS = 2_000;
const CHECK_DEADLINE_MS = 1_000;
const CALL_HEAP_MB = 64;
/** Documents of 5 MB are legitimate, and reading one takes seconds and many times its size. */
const DOCUMENT_DEADLINE_MS = 10_000;
const DOCUMENT_HEAP_MB = 256;
/** Indexing one document of 10 MB takes a second of CPU time. */
const INDEX_DEADLINE_MS = 20_000;
const LARGE_CHARACTERS = 1_000_000;

/** Who calls a tool, and when to stop. */
type ToolCaller = Pick<ToolContext, 'org_id' | 'signal'>;

/**
 * The processes in which tools run and in which foreign schemas and documents are read. Quick work (three processes, 2 seconds,
 * 64 MB) is kept apart from whole documents (two processes, 10 seconds, 256 MB), so that neither holds the other up. One organization
 * uses all but one process of each kind at a time, so that it never holds up another.
 */
@Injectable()
export class ToolWorkers implements OnApplicationShutdown {
  private readonly calls = new WorkerPool<typeof toolJobs>({
    module: MODULE,
    processes: 3,
    tenant_processes: 2,
    waiting_max: 500,
    heap_mb: CALL_HEAP_MB,
  });

  private readonly keys = new WeakMap<ToolDocument, string>();

  private readonly documents = new WorkerPool<typeof toolJobs>({
    module: MODULE,
    processes: 2,
    tenant_processes: 1,
    waiting_max: 20,
    heap_mb: DOCUMENT_HEAP_MB,
  });

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.calls.close(), this.documents.close()]);
  }

  /** What a built-in tool answers, at most 16 KB. @throws ToolError; the signal's reason when the caller went away */
  async runTool(task: ToolTask, { org_id: tenant, signal }: ToolCaller = {}): Promise<unknown> {
    const limits = { seconds: CALL_DEADLINE_MS / 1000, megabytes: CALL_HEAP_MB };
    return outputOf(
      task.name,
      await tried(
        task.name,
        limits,
        this.calls.run('run_tool', task, { deadline_ms: CALL_DEADLINE_MS, signal, tenant }),
      ),
    );
  }

  /**
   * What a built-in tool answers that searches documents. The process keeps their indexes, so only a document that it does not
   * hold is sent, and each is indexed by a job of its own. @throws as {@link runTool}
   */
  async runLookup(
    task: ToolTask,
    documents: readonly ToolDocument[],
    { org_id: tenant, signal }: ToolCaller = {},
  ): Promise<unknown> {
    const limits = { seconds: INDEX_DEADLINE_MS / 1000, megabytes: DOCUMENT_HEAP_MB };
    const options = { deadline_ms: INDEX_DEADLINE_MS, signal, tenant };
    const contents = new Map<string, string>();
    const sent: { name: string; key: string }[] = [];
    for (const document of documents) {
      const key = await this.keyOf(document);
      contents.set(key, document.content);
      sent.push({ name: document.name, key });
    }
    const attempt = () =>
      tried(task.name, limits, this.documents.run('run_tool', { ...task, documents: sent }, options));
    const first = await attempt();
    if (!('missing' in first)) return outputOf(task.name, first);
    for (const key of first.missing) {
      const content = contents.get(key) ?? '';
      await tried(task.name, limits, this.documents.run('index_document', { key, content }, options));
    }
    return outputOf(task.name, await attempt());
  }

  /** The hash of the content, taken once for each document that is held; others get their turn before a large one. */
  private async keyOf(document: ToolDocument): Promise<string> {
    const known = this.keys.get(document);
    if (known !== undefined) return known;
    if (document.content.length > LARGE_CHARACTERS) await turn();
    const key = hash('sha256', document.content);
    this.keys.set(document, key);
    return key;
  }

  /**
   * What is wrong with an input by a foreign JSON Schema; undefined when it fits. @param schema JSON
   * @throws WorkerError when it cannot be checked within a second and 64 MB
   */
  async inputProblem(schema: string, input: unknown, tenant?: string): Promise<string | undefined> {
    return this.calls.run('input_problem', { schema, input }, { deadline_ms: CHECK_DEADLINE_MS, tenant });
  }

  /** Why a foreign JSON Schema cannot be used; undefined when it can. @throws WorkerError as {@link inputProblem} */
  async schemaProblem(schema: string, tenant?: string): Promise<string | undefined> {
    return this.calls.run('schema_problem', schema, { deadline_ms: CHECK_DEADLINE_MS, tenant });
  }

  /** The operations of an OpenAPI document. @throws WorkerError after 10 seconds or beyond 256 MB */
  async readOpenapi(
    request: Parameters<Awaited<ReturnType<(typeof toolJobs)['read_openapi']>>>[0],
    tenant?: string,
  ): Promise<Awaited<ReturnType<Awaited<ReturnType<(typeof toolJobs)['read_openapi']>>>>> {
    return this.documents.run('read_openapi', request, { deadline_ms: DOCUMENT_DEADLINE_MS, tenant });
  }
}

function outputOf(name: string, answer: ToolAnswer): unknown {
  if ('tool_error' in answer) throw new ToolError(answer.tool_error);
  if ('missing' in answer) throw new ToolError(`${name} failed: the documents are too large to be searched together.`);
  return answer.output;
}

async function tried<T>(name: string, limits: Parameters<typeof toolErrorOf>[2], job: Promise<T>): Promise<T> {
  try {
    return await job;
  } catch (error) {
    throw error instanceof WorkerError ? toolErrorOf(name, error, limits) : error;
  }
}

/** What the model and the user learn about a tool that gave no answer. */
function toolErrorOf(name: string, error: WorkerError, limits: { seconds: number; megabytes: number }): ToolError {
  const message = {
    time: `${name} failed: it did not finish within ${limits.seconds} seconds.`,
    memory: `${name} failed: it needs more than ${limits.megabytes} MB of memory.`,
    busy: `${name} cannot run now: too many tools are waiting. Try again in a moment.`,
    error: `${name} failed: ${error.message}.`,
  }[error.failure];
  return new ToolError(message, { cause: error });
}

type Schema = Record<string, unknown>;

/** Checks inputs against JSON Schemas that users, services or models wrote. The schemas are compiled and run in worker processes only. */
@Injectable()
export class InputCheck {
  /** A schema is written out once, however often it is used. */
  private readonly texts = new WeakMap<Schema, string>();

  constructor(private readonly workers: ToolWorkers = new ToolWorkers()) {}

  /** What is wrong with a value by a schema. @throws WorkerError when it cannot be checked */
  problemWith(schema: Schema, value: unknown, org_id?: string): Promise<string | undefined> {
    return this.workers.inputProblem(this.textOf(schema), value, org_id);
  }

  /** Throws {@link ToolError} that tells the model what is wrong with its input. */
  async require(name: string, schema: Schema, input: unknown, org_id?: string): Promise<void> {
    const problem = await this.problemWith(schema, input, org_id).catch((error: unknown) => {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure === 'busy')
        throw new ToolError(`${name} cannot run now: too many tools are waiting. Try again in a moment.`, {
          cause: error,
        });
      throw new ToolError(`The input of ${name} could not be checked: ${reasonOf(error)}.`, { cause: error });
    });
    if (problem !== undefined) throw new ToolError(`The input of ${name} is not valid: ${problem}`);
  }

  /** Why the schema cannot be used; undefined when it can. @throws RateLimitedError when too many checks are waiting */
  async problemOf(schema: Schema, org_id?: string): Promise<string | undefined> {
    try {
      return await this.workers.schemaProblem(this.textOf(schema), org_id);
    } catch (error) {
      if (error instanceof WorkerError) return problemOfWorker(error);
      throw error;
    }
  }

  private textOf(schema: Schema): string {
    const text = this.texts.get(schema) ?? JSON.stringify(schema);
    this.texts.set(schema, text);
    return text;
  }
}

/** A failed check as the fault of what was checked. @throws RateLimitedError when all workers are busy */
export function problemOfWorker(error: WorkerError): string {
  if (error.failure === 'busy') throw new RateLimitedError('Too many documents are being read', 5, { cause: error });
  return reasonOf(error);
}

function reasonOf({ failure, message }: WorkerError): string {
  if (failure === 'time') return 'checking it takes too long';
  return failure === 'memory' ? 'checking it needs too much memory' : message;
}
