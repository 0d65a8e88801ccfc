import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../shared/domain-error.js';
import { ToolError } from '../tool.js';
import type { AttachedTool } from './attached-tool.js';
import { ToolCaller } from './tool-caller.js';

export interface ToolTrial {
  operation: string;
  status: 'success' | 'failed';
  output: unknown;
  error: string | null;
  duration_ms: number;
}

/** Calls a tool once, as an agent would. */
@Injectable()
export class ToolTest {
  constructor(private readonly caller: ToolCaller) {}

  /** @param wanted the operation's own name, or what the model calls it; needed when there are several. */
  async run(tool: AttachedTool, wanted: string | undefined, input: unknown): Promise<ToolTrial> {
    const operation =
      wanted === undefined && tool.operations.length === 1
        ? tool.operations[0]
        : tool.operations.find((one) => one.operation === wanted || one.name === wanted);
    if (!operation)
      throw ValidationError.field(
        'operation',
        `must be one of: ${tool.operations.map((one) => one.operation).join(', ')}`,
      );
    const started = performance.now();
    const trial = (status: ToolTrial['status'], output: unknown, error: string | null): ToolTrial => ({
      operation: operation.operation,
      status,
      output,
      error,
      duration_ms: Math.round((performance.now() - started) * 100) / 100,
    });
    try {
      return trial('success', await this.caller.call(tool, operation, input), null);
    } catch (error) {
      if (error instanceof ToolError) return trial('failed', null, error.message);
      throw error;
    }
  }
}
