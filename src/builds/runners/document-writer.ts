import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ModelError } from '../../models/model-error.js';
import { ModelsService } from '../../models/models.service.js';
import type { Usage } from '../../shared/usage.js';
import { BuildFault } from './build-fault.js';
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
}

export interface WrittenDocument<T> {
  document: T;
  model: string;
  usage: Usage;
}

/**
 * Has the language model write a step's document. What the user wrote travels in `input` only, which the model gets as
 * data; system prompt and instructions are constants.
 */
@Injectable()
export class DocumentWriter {
  constructor(private readonly models: ModelsService) {}

  /** Asks once more when the answer does not fit the schema. Throws {@link BuildFault}, transient when the model is. */
  async write<T>(context: StageContext, task: DocumentTask<T>, input: unknown): Promise<WrittenDocument<T>> {
    context.signal.throwIfAborted();
    context.log('info', `${this.models.describe().id} writes ${task.name} (prompt ${task.version})`);
    try {
      return await this.ask(context, task, input);
    } catch (error) {
      const misfit = error instanceof ModelError && !error.transient;
      if (!misfit) throw asBuildFault(task.name, error);
      context.log('warning', `The answer for ${task.name} was not usable, asking once more: ${error.message}`);
    }
    try {
      return await this.ask(context, task, input);
    } catch (error) {
      throw asBuildFault(task.name, error);
    }
  }

  private async ask<T>(context: StageContext, task: DocumentTask<T>, input: unknown): Promise<WrittenDocument<T>> {
    const { name, schema, system, instructions } = task;
    const answer = await this.models.generateStructured({
      name,
      schema,
      system,
      instructions,
      input,
      signal: context.signal,
    });
    return { document: answer.object, model: answer.model, usage: answer.usage };
  }
}

/** Faults of the model become build faults; a cancellation and programming errors pass unchanged. */
function asBuildFault(name: string, error: unknown): unknown {
  if (!(error instanceof ModelError)) return error;
  return new BuildFault(error.message, {
    transient: error.transient,
    details: { document: name, ...error.details },
    suggestion: error.transient ? 'Try again in a moment.' : 'Restart the build, or word the requirement differently.',
    cause: error,
  });
}
