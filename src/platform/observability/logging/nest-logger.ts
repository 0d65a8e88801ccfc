import type { LoggerService } from '@nestjs/common';
import { Logger, type Params, PinoLogger } from 'nestjs-pino';
import type { Logger as RootLogger } from 'pino';

/** Nest lists every module and route with them: 400 lines that would bury the start's own messages. */
const INVENTORIES: ReadonlySet<unknown> = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/**
 * Nest's logger over the root logger: the bridge of nestjs-pino without its module. The module's middleware sees no request
 * that ends before the router (a malformed body, the API documents), and ours writes the line of every one; see ADR 0014.
 * Nest's lists of modules and routes have the level debug.
 */
export function nestLogger(logger: RootLogger): LoggerService {
  const params: Params = { pinoHttp: { logger, wrapSerializers: false }, renameContext: 'logger' };
  return new QuietLogger(new PinoLogger(params), params);
}

class QuietLogger extends Logger {
  override log(message: unknown, ...optional: unknown[]): void {
    if (INVENTORIES.has(optional.at(-1))) this.debug(message, ...optional);
    else super.log(message, ...optional);
  }
}
