import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** Warnings and errors of a command, on standard error: standard output holds the command's answer alone. */
export class CommandLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  protected override printMessages(
    messages: unknown[],
    context?: string,
    level?: LogLevel,
    _stream?: 'stdout' | 'stderr',
    errorStack?: unknown,
    params?: Record<string, unknown>,
  ): void {
    super.printMessages(messages, context, level, 'stderr', errorStack, params);
  }
}
