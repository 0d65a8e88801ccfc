import { Test } from '@nestjs/testing';
import { ConfigModule } from '../platform/config/config.module.js';
import { parseSettings } from '../platform/config/load-settings.js';
import { LocalRuntime } from './local/local-runtime.js';
import { Runtimes } from './runtimes.js';
import { RuntimesModule } from './runtimes.module.js';

describe('RuntimesModule', () => {
  it('offers the local runtime and names it when another is asked for', async () => {
    const module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(parseSettings({ ENVIRONMENT: 'test' })), RuntimesModule],
    })
      // Database, outgoing calls and the like are global modules of the platform; no run happens here.
      .useMocker(() => ({}))
      .compile();
    const runtimes = module.get(Runtimes);
    expect(runtimes.get('local')).toBeInstanceOf(LocalRuntime);
    expect(() => runtimes.get('agentcore')).toThrow('runtime "agentcore" is not set up; available: local');
    await module.close();
  });
});
