import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ModelError } from '../../models/model-error.js';
import { ModelsService } from '../../models/models.service.js';
import type { Usage } from '../../shared/usage.js';
import { BuildFault } from './build-fault.js';
import { boundedInput } from './bounded-input.js';
import type { StageContext } from './stage-runner.js';

/** What a step asks the language model for. */
export interface DocumentTask<T> {
  /** Schema name; the offline model's writer is registered under it. */
  name: string;
  /** Raised whenever the wording below changes, so that a document can be traced to the prompt that led to it. */
  version: string;
  schema: z.ZodType<T>;
  system: string;
  instructions: string;
  /** A good answer to another requirement; the system prompt shows it. */
  example?: T;
}

export interface WrittenDocument<T> {
  document: T;
  model: string;
  usage: Usage;
  cost_usd: number | null;
}

/**
 * Has the language model write a step's document. What the user wrote travels in `input` only, which the model gets as
 * data; system prompt and instructions are constants.
 */
@Injectable()
export class DocumentWriter {
  constructor(private readonly models: ModelsService) {}

  /**
   * The model gets an answer that does not fit the schema back once, with what is wrong with it. Throws
   * {@link BuildFault}, transient when the fault may pass.
   */
  async write<T>(context: StageContext, task: DocumentTask<T>, input: unknown): Promise<WrittenDocument<T>> {
    context.signal.throwIfAborted();
    const { name, schema, system, instructions } = task;
    const { model_id, signal } = context;
    context.log('info', `${this.models.describe(model_id).id} writes ${name} (prompt ${task.version})`);
    const request = { name, schema, system, instructions, input: boundedInput(context, name, input), model_id, signal };
    const onRepair = (problem: string): void =>
      context.log('warning', `The answer for ${name} was not usable and goes back to be mended: ${problem}`);
    try {
      const { object, ...spent } = await this.models.generateStructured({ ...request, onRepair });
      return { document: object, ...spent };
    } catch (error) {
      throw this.asBuildFault(context, name, error);
    }
  }

  /** Faults of the model become build faults; a cancellation and programming errors pass unchanged. */
  private asBuildFault({ model_id }: StageContext, name: string, error: unknown): unknown {
    if (!(error instanceof ModelError)) return error;
    const model = this.models.describe(model_id).id;
    return new BuildFault(error.message, {
      transient: error.transient,
      details: { document: name, ...error.details },
      suggestion: error.suggestion ?? 'Restart the build.',
      cause: error,
      spent: { model, usage: error.usage, cost_usd: this.models.costOf(model, error.usage) },
    });
  }
}
