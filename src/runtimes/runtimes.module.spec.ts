import { Test } from '@nestjs/testing';
import { definition } from '../../test/support/local-runtime.fixture.js';
import { ConfigModule } from '../platform/config.module.js';
import { parseSettings } from '../platform/config/load-settings.js';
import { TelemetryModule, OutgoingModule } from '../platform/platform.module.js';
import { LocalRuntime } from './local/local-runtime.js';
import { Runtimes } from './observed-runtimes.js';
import { RuntimesModule } from './runtimes.module.js';

describe('RuntimesModule', () => {
  it('offers every runtime; agentcore names the settings that it lacks', async () => {
    const module = await Test.createTestingModule({
      imports: [
        ConfigModule.forRoot(parseSettings({ ENVIRONMENT: 'test' })),
        TelemetryModule,
        OutgoingModule,
        RuntimesModule,
      ],
    })
      // The database and the organizations are global modules of the platform; no run happens here.
      .useMocker(() => ({ registerRecords: () => undefined }))
      .compile();
    const runtimes = module.get(Runtimes);
    expect(runtimes.get('local')).toBeInstanceOf(LocalRuntime);
    expect(runtimes.kinds()).toEqual(['local', 'http', 'agentcore']);
    await expect(runtimes.get('agentcore').deploy('a', definition())).rejects.toThrow('AGENTCORE_CONTAINER_URI');
    await module.close();
  });
});
