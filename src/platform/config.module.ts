import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { Lifecycle } from './lifecycle/lifecycle.js';
import { Settings } from './config/settings.js';

/** Settings, clock, ids and the life of the process: what every floor may inject. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Settings, useValue: settings },
        { provide: Clock, useValue: new Clock() },
        { provide: Ids, useValue: new Ids() },
        { provide: Lifecycle, useValue: new Lifecycle() },
      ],
      exports: [Settings, Clock, Ids, Lifecycle],
    };
  }
}
