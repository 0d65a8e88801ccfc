import type { CursorCodec } from '../../platform/database/cursors.js';
import type { DynamoDb, TransactItem } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { AuditLog } from '../audit/audit-log.js';
import { AuditRepository } from '../audit/audit.repository.js';
import type { StandingService } from '../authentication/standing.service.js';
import { type MembersService, OrganizationsService } from '../organizations/organizations.service.js';
import type { OrganizationsRepository } from '../organizations/organizations.repository.js';
import type { AccountService } from '../authentication/account.service.js';
import { AccountsRepository } from './accounts.repository.js';
import type { Passwords } from './passwords.js';
import { RegistrationService } from './registration.service.js';

/** Keeps every write. `entries` lists the audit entries of each transaction. */
function platform() {
  const transactions: TransactItem[][] = [];
  const db = {
    transact: (items: TransactItem[]) => Promise.resolve(void transactions.push(items)),
    put: (input: TransactItem['Put']) => Promise.resolve(void transactions.push([{ Put: input }])),
  } as unknown as DynamoDb;
  const unit = new UnitOfWork(db);
  const [ids, clock, accounts] = [new Ids(), new Clock(), new AccountsRepository(db, unit)];
  const audit = new AuditLog(new AuditRepository(db, {} as CursorCodec, unit), clock, ids);
  const entries = () =>
    transactions.map((items) =>
      items.flatMap(({ Put }) => {
        const item: Record<string, unknown> = Put?.Item ?? {};
        return item['entry_id'] === undefined ? [] : [item];
      }),
    );
  return { ids, clock, accounts, audit, entries };
}

it('stores a new organization and its audit entry in one transaction at registration', async () => {
  const { ids, clock, accounts, audit, entries } = platform();
  const registration = new RegistrationService(accounts, {} as Passwords, audit, ids, clock);
  const ada = { email: 'ada@example.com', email_verified: true, name: 'Ada', password: null };
  const made = await registration.withOrganization(ada, 'Analytical Engines');
  const { org_id, user_id } = made?.membership ?? {};
  const entry = { org_id, actor: user_id, action: 'organization.created', target: org_id };
  expect(entries()).toEqual([[expect.objectContaining({ ...entry, details: { name: 'Analytical Engines' } })]]);
});

it('stores a further organization with an entry in its own log and one in the log of the present organization', async () => {
  const { ids, clock, accounts, audit, entries } = platform();
  const account = {
    get: () => Promise.resolve({ email: 'ada@example.com', name: 'Ada' }),
  } as unknown as AccountService;
  const standing = { changed: () => undefined } as unknown as StandingService;
  const none = {} as OrganizationsRepository & MembersService;
  const organizations = new OrganizationsService(none, accounts, none, account, standing, audit, ids, clock);
  const principal = { user_id: 'usr_1', org_id: 'org_1', roles: ['admin' as const], via: 'token' as const };
  const { organization } = await organizations.create(principal, 'Looms');
  const logs = entries().map((items) => items.map(({ org_id, action, target }) => [org_id, action, target]));
  const { org_id } = organization;
  expect(logs).toEqual([
    [
      [org_id, 'organization.created', org_id],
      ['org_1', 'organization.created', org_id],
    ],
  ]);
});
