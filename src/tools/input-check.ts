import { Injectable } from '@nestjs/common';
import { WorkerError } from '../platform/async/worker-pool.js';
import { RateLimitedError } from '../shared/domain-error.js';
import { ToolError } from './tool.js';
import { ToolWorkers } from './tool-workers.js';

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
