import { jest } from '@jest/globals';
import { IntegrationsRepository } from '../../src/integrations/integrations.repository.js';
import { Settings } from '../../src/platform/config/settings.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';
import { apiDocument, settled, type WireIntegration } from '../support/imported-api.js';
import { leftovers } from '../support/leftovers.js';
import { MortalWrites } from '../support/mortal-writes.js';

const content = apiDocument('books.openapi-3.1.yaml');
/** More than an import of this document writes. */
const WRITES_LIMIT = 20;

let app: TestApp;
let mortal: MortalWrites;

beforeAll(async () => {
  app = await startApp({ ENGINE_LEASE_SECONDS: '2', ENGINE_HEARTBEAT_SECONDS: '1', ENGINE_REAPER_SECONDS: '1' });
  mortal = new MortalWrites(app.app.get(DynamoDb, { strict: false }));
});
afterAll(() => app.close());

const start = () => app.http.post<WireIntegration>('/api/v1/integrations', { name: 'Books', source: { content } });

/** Records of the integration, until there are none. */
async function untilNothingIsLeft(integration_id: string): Promise<void> {
  const settings = app.app.get(Settings, { strict: false });
  const endpoint = settings.get('DYNAMODB_ENDPOINT') ?? '';
  await eventually(
    () => leftovers(endpoint, settings.get('NEXUS_TABLE_PREFIX'), [integration_id]),
    (found) => Object.keys(found).length === 0,
  );
}

it('an import that dies before any of its writes ends, and its integration leaves nothing when it is deleted', async () => {
  let writes = 1;
  for (let isFinished = false; !isFinished; writes++) {
    mortal.dieAfter(writes);
    const { status, data } = await start();
    const found = status === 202 ? data.integration_id : undefined;
    if (found !== undefined)
      await eventually(
        () => app.http.get<WireIntegration>(`/api/v1/integrations/${found}`),
        ({ data }) => mortal.isDead || data.import?.status === 'done',
      );
    isFinished = !mortal.isDead;
    mortal.revive();
    expect(writes).toBeLessThan(WRITES_LIMIT);
    if (found === undefined) continue;
    expect(await settled(app.http, found)).toMatchObject({ status: 'ready', version: 1, operation_count: 4 });
    expect((await app.http.delete(`/api/v1/integrations/${found}`)).status).toBe(200);
    await untilNothingIsLeft(found);
  }
  expect(writes).toBeGreaterThan(4);
});

it('an import whose integration is deleted while it stores its catalogue leaves nothing', async () => {
  const repository = app.app.get(IntegrationsRepository, { strict: false });
  const putData = repository.putData.bind(repository);
  let deleted: number | undefined;
  const storing = jest.spyOn(repository, 'putData').mockImplementation(async (integration, data_id, kind, data) => {
    if (kind === 'catalogue')
      deleted = (await app.http.delete(`/api/v1/integrations/${integration.integration_id}`)).status;
    await putData(integration, data_id, kind, data);
  });
  const { data } = await start();
  await eventually(
    () => Promise.resolve(deleted),
    (status) => status !== undefined,
  );
  storing.mockRestore();
  expect(deleted).toBe(200);
  await untilNothingIsLeft(data.integration_id);
});
