import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import type { Settings } from '../config/settings.js';
import type { RequestContext } from '../http/request-context.js';

/** Names of fields whose values never reach a log. */
const SECRETS = ['authorization', 'cookie', 'password', 'token', 'access_token', 'refresh_token', 'api_key', 'secret'];
const LEVELS: Readonly<Record<string, string>> = { warning: 'warn', critical: 'fatal' };

/** Nest's logger over pino: JSON lines (pretty on a terminal in development) that carry the request's ids, with secrets redacted. */
export class PinoLoggerService implements LoggerService {
  private readonly pino: Logger;

  constructor(settings: Settings, context: RequestContext) {
    const level = settings.get('LOG_LEVEL');
    const isPretty = settings.get('ENVIRONMENT') === 'development' && process.stdout.isTTY;
    this.pino = pino({
      level: LEVELS[level] ?? level,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      mixin: () => ({ ...context.current() }),
      timestamp: pino.stdTimeFunctions.isoTime,
      ...(isPretty ? { transport: { target: 'pino-pretty', options: { singleLine: true } } } : {}),
    });
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes the class's name as the last argument, and for errors the stack before it. */
  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const logger = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const fields = {
      ...(typeof logger === 'string' ? { logger } : {}),
      ...(typeof stack === 'string' ? { stack } : {}),
    };
    if (message instanceof Error) this.pino[level]({ ...fields, err: message });
    else if (typeof message === 'object' && message !== null) this.pino[level]({ ...message, ...fields });
    else this.pino[level](fields, String(message));
  }
}
