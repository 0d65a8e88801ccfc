import { createHash } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Membership, User } from '../../src/identity/accounts/account.js';
import {
  familyKey,
  IDENTITY_TABLE,
  membershipKey,
  organizationKey,
  userKey,
} from '../../src/identity/identity.tables.js';
import type { Role } from '../../src/identity/principal.js';
import { AccessTokens } from '../../src/identity/authentication/access-tokens.js';
import { conditionFailed, DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import type { Members } from './http.js';

const CREATED_AT = '2026-01-01T00:00:00.000Z';
/** The sign-in of a test's member: before all real ones, whose ids are in order of time. */
export const testFamily = (org_id: string, user_id: string): string => {
  const name = createHash('sha256').update(`${org_id}/${user_id}`).digest('hex');
  return `fam_00${name.slice(0, 24).toUpperCase()}`;
};

/** Members of any organisation with real tokens of the running platform, written to its tables: no password, no bcrypt. */
export class TestMembers implements Members {
  private readonly tokens: AccessTokens;
  private readonly db: DynamoDb;
  private readonly written = new Map<string, Promise<void>>();

  constructor(app: NestExpressApplication) {
    this.tokens = app.get(AccessTokens, { strict: false });
    this.db = app.get(DynamoDb, { strict: false });
  }

  of(org_id: string, user: string, roles: Role[] = ['admin']) {
    const user_id = user;
    const headers = {
      authorization: `Bearer ${this.tokens.sign({ user_id, org_id, roles }, testFamily(org_id, user_id))}`,
    };
    return { headers, ready: () => this.ready(org_id, user_id, roles) };
  }

  private ready(org_id: string, user_id: string, roles: Role[]): Promise<void> {
    const name = `${org_id}/${user_id}/${roles.join(',')}`;
    const writing = this.written.get(name) ?? this.write(org_id, user_id, roles);
    this.written.set(name, writing);
    return writing;
  }

  private async write(org_id: string, user_id: string, roles: Role[]): Promise<void> {
    const email = `${user_id}@${org_id}.test`.toLowerCase();
    const user: User = {
      user_id,
      email,
      email_verified: true,
      name: user_id,
      password_hash: null,
      org_ids: [org_id],
      created_at: CREATED_AT,
    };
    const membership: Membership = { org_id, user_id, email, name: user_id, roles, created_at: CREATED_AT };
    const organization = { org_id, name: org_id, admin_count: 1, created_at: CREATED_AT };
    const family_id = testFamily(org_id, user_id);
    const put = (key: object, record: object, condition: object = {}) =>
      this.db.put({ TableName: IDENTITY_TABLE, Item: { ...key, ...record }, ...condition });
    const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };
    await Promise.all([
      put(organizationKey(org_id), organization, isNew).catch((error: unknown) => {
        if (!conditionFailed(error)) throw error;
      }),
      put(userKey(user_id), user),
      put(familyKey(family_id), { family_id, user_id, org_id, created_at: CREATED_AT }),
      put(membershipKey(org_id, user_id), membership),
    ]);
  }
}
