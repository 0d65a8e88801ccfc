import type { LoggerService } from '@nestjs/common';
import { Logger, type Params, PinoLogger } from 'nestjs-pino';
import type { Logger as RootLogger } from 'pino';

/**
 * Nest's logger over the root logger: the bridge of nestjs-pino without its module. The module's middleware sees no request
 * that ends before the router (a malformed body, the API documents), and ours writes the line of every one; see ADR 0014.
 */
export function nestLogger(logger: RootLogger): LoggerService {
  const params: Params = { pinoHttp: { logger, wrapSerializers: false }, renameContext: 'logger' };
  return new Logger(new PinoLogger(params), params);
}
