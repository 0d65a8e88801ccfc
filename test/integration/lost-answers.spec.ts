import { DynamoDb, type TransactItem } from '../../src/platform/database/client/dynamodb.js';
import { startApp, type TestApp } from '../support/app.js';
import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { eventually } from '../support/http.js';
import { ranFlow } from '../support/flows.js';

let app: TestApp;
let fenced = 0;
let repeated = 0;

/**
 * Every other transaction under the engine's fence is stored, and then sent again: so a client meets a database that was killed after it
 * had stored a transaction and before it answered. It does not remember the transaction's token.
 */
beforeAll(async () => {
  app = await startApp();
  const db = app.app.get(DynamoDb, { strict: false });
  const transact = db.transact.bind(db);
  const isFenced = ({ ConditionCheck, Delete }: TransactItem): boolean =>
    (ConditionCheck ?? Delete)?.TableName === 'DurableRuns';
  db.transact = async (items) => {
    await transact(items);
    if (!items.some(isFenced) || ++fenced % 2 === 0) return;
    repeated += 1;
    await transact(items);
  };
});
beforeEach(() => (fenced = repeated = 0));
afterAll(() => app.close());

it('does not fail a build whose transactions were stored although their answers were lost', async () => {
  const requirement = 'A calculator assistant that works out totals and percentages.';
  const { project_id } = (await app.http.post<{ project_id: string }>('/api/v1/projects', { requirement })).data;
  const project = await eventually(
    async () =>
      (await app.http.get<{ project_id: string; status: string; agents: string[] }>(`/api/v1/projects/${project_id}`))
        .data,
    ({ status }) => status === 'completed' || status === 'failed',
  );
  expect(project).toMatchObject({ status: 'completed', progress: 100, error_info: null });
  expectCleanHistory(await buildEvents(app.http, project_id));
  await expectOneAgent(app.http, project);
  // Of 15 to 19 transactions: on a busy machine the log joins some of its own.
  expect(repeated).toBeGreaterThan(5);
});

it('does not fail a flow run whose transactions were stored although their answers were lost', async () => {
  const steps = [
    { id: 'one', transform: '1' },
    { id: 'two', needs: ['one'], transform: 'steps.one.output + 1' },
  ];
  const run = await ranFlow(app.http, { steps, output: '${{ steps.two.output }}' });
  expect(run).toMatchObject({ status: 'completed', output: 2 });
  expect(repeated).toBeGreaterThan(0);
});
