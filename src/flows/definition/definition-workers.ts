import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { WorkerError, WorkerPool } from '../../platform/async/worker-pool.js';
import { RateLimitedError, ValidationError } from '../../shared/domain-error.js';
import type { definitionJobs } from './definitions.worker.js';
import { analysisOf, ExpressionError, expressionsIn, rendered } from './expressions.js';

const RENDER_DEADLINE_MS = 2_000;
const YAML_DEADLINE_MS = 3_000;
const HEAP_MB = 96;

/**
 * Fills in expressions and reads YAML. Expressions whose work is bounded by their own length run here; those that go through lists
 * or match patterns, and every YAML document, are given to processes that can be killed.
 */
@Injectable()
export class DefinitionWorkers implements OnApplicationShutdown {
  private readonly pool = new WorkerPool<typeof definitionJobs>({
    module: new URL('./definitions.worker.js', import.meta.url),
    ...{ processes: 2, waiting_max: 500, heap_mb: HEAP_MB, tenant_processes: 1 },
  });

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }

  /** A template with its expressions filled in. @throws ExpressionError */
  async render(org_id: string, template: unknown, context: Record<string, unknown>): Promise<unknown> {
    const expressions = [...expressionsIn(template)];
    if (expressions.every((expression) => analysisOf(expression).is_quick)) return rendered(template, context);
    const slow = expressions.find((expression) => !analysisOf(expression).is_quick) ?? '';
    try {
      const options = { deadline_ms: RENDER_DEADLINE_MS, tenant: org_id };
      const answer = await this.pool.run('render', { template, context }, options);
      if ('value' in answer) return answer.value;
      throw new ExpressionError(answer.expression, answer.reason);
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      throw new ExpressionError(slow, reasonOf(error));
    }
  }

  /** @throws ValidationError naming `body`; RateLimitedError when too many documents are being read */
  async readYaml(org_id: string, text: string): Promise<unknown> {
    try {
      const answer = await this.pool.run('read_yaml', text, { deadline_ms: YAML_DEADLINE_MS, tenant: org_id });
      if ('problem' in answer) throw ValidationError.field('body', answer.problem);
      return JSON.parse(answer.json) as unknown;
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure === 'busy')
        throw new RateLimitedError('Too many documents are being read', 5, { cause: error });
      throw ValidationError.field('body', `could not be read as YAML: ${reasonOf(error)}`);
    }
  }
}

function reasonOf({ failure, message }: WorkerError): string {
  if (failure === 'time') return `it took longer than ${RENDER_DEADLINE_MS / 1000} seconds`;
  if (failure === 'memory') return `it needs more than ${HEAP_MB} MB of memory`;
  return failure === 'busy' ? 'too many expressions are waiting' : message;
}
