import type { INestApplicationContext } from '@nestjs/common';
import type { Settings } from '../platform/config/settings.js';

/**
 * The platform without HTTP, for a command that reads or changes what is stored. It is loaded only now, so that a command answers `--help` and refuses
 * what it does not understand at once.
 */
export async function openPlatform(settings: Settings): Promise<INestApplicationContext> {
  const [{ NestFactory }, { AppModule }, { CommandLogger }] = await Promise.all([
    import('@nestjs/core'),
    import('../app.module.js'),
    import('./command-logger.js'),
  ]);
  return NestFactory.createApplicationContext(AppModule.forRoot(settings), {
    logger: new CommandLogger(),
    abortOnError: false,
  });
}
