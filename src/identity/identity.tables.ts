import type { TableDefinition } from '../platform/database/table-definition.js';

/** The table of identity; its records are listed at {@link IDENTITY_TABLES}. */
export const IDENTITY_TABLE = 'PlatformIdentity';

export interface RecordKey {
  pk: string;
  sk: string;
}

export const userKey = (user_id: string): RecordKey => ({ pk: `USER#${user_id}`, sk: 'USER' });
export const totpKey = (user_id: string): RecordKey => ({ pk: `USER#${user_id}`, sk: 'TOTP' });
export const emailKey = (email: string): RecordKey => ({ pk: `EMAIL#${email}`, sk: 'EMAIL' });
export const organizationKey = (org_id: string): RecordKey => ({ pk: `ORG#${org_id}`, sk: 'ORG' });
/** An entry of the operators' list of all organizations; ids are in the order of creation. */
export const listedOrganizationKey = (org_id: string): RecordKey => ({
  pk: 'ORGANIZATIONS',
  sk: `ORGANIZATION#${org_id}`,
});
/** An unfinished deletion of an organization. */
export const deletedOrganizationKey = (org_id: string): RecordKey => ({
  pk: 'ORGANIZATION_DELETIONS',
  sk: `ORGANIZATION#${org_id}`,
});
/** A sign-in as its owner lists it. */
export const signInKey = (user_id: string, family_id: string): RecordKey => ({
  pk: `USER#${user_id}`,
  sk: `SESSION#${family_id}`,
});
export const membershipKey = (org_id: string, user_id: string): RecordKey => ({
  pk: `ORG#${org_id}`,
  sk: `MEMBER#${user_id}`,
});
export const invitationKey = (org_id: string, invitation_id: string): RecordKey => ({
  pk: `ORG#${org_id}`,
  sk: `INVITATION#${invitation_id}`,
});
export const apiKeyKey = (org_id: string, key_id: string): RecordKey => ({ pk: `ORG#${org_id}`, sk: `KEY#${key_id}` });
export const secretKey = (
  hash: string,
  kind: 'KEY' | 'REFRESH' | 'INVITATION' | 'OAUTH_STATE' | 'OAUTH_CODE' | 'TOTP_CHALLENGE' | 'STREAM_TICKET',
): RecordKey => ({
  pk: `SECRET#${hash}`,
  sk: kind,
});
export const familyKey = (family_id: string): RecordKey => ({ pk: `FAMILY#${family_id}`, sk: 'FAMILY' });
export const revokedTokenKey = (jti: string): RecordKey => ({ pk: `JTI#${jti}`, sk: 'JTI' });
/** @param window the number of the window since 1970 */
export const attemptsKey = (hash: string, window: number): RecordKey => ({
  pk: `ATTEMPTS#${hash}`,
  sk: `WINDOW#${window}`,
});
export const knownNetworkKey = (hash: string): RecordKey => ({ pk: `SIGN_IN#${hash}`, sk: 'KNOWN' });
export const failuresKey = (hash: string): RecordKey => ({ pk: `SIGN_IN#${hash}`, sk: 'FAILURES' });

/**
 * Accounts, organizations and credentials in one table. Records that are read together share a partition: an organization with its
 * members and keys under `ORG#<org_id>`.
 *
 * | pk | sk | record |
 * | --- | --- | --- |
 * | `USER#<user_id>` | `USER` | the user, with the hash of the password and the organizations it belongs to |
 * | `USER#<user_id>` | `TOTP` | the second factor: its sealed secret and hashes of recovery codes |
 * | `USER#<user_id>` | `SESSION#<family_id>` | a sign-in as its owner lists it (expires) |
 * | `EMAIL#<address>` | `EMAIL` | the user of the address; makes addresses unique |
 * | `ORG#<org_id>` | `ORG` | the organization, with the number of its administrators |
 * | `ORGANIZATIONS` | `ORGANIZATION#<org_id>` | an entry of the operators' list |
 * | `ORGANIZATION_DELETIONS` | `ORGANIZATION#<org_id>` | an unfinished deletion |
 * | `ORG#<org_id>` | `MEMBER#<user_id>` | the membership and its roles |
 * | `ORG#<org_id>` | `KEY#<key_id>` | an API key as it is listed |
 * | `ORG#<org_id>` | `INVITATION#<invitation_id>` | an invitation as it is listed (expires) |
 * | `SECRET#<hash>` | `KEY` | the key that a secret belongs to |
 * | `SECRET#<hash>` | `REFRESH` | a refresh token, used or not (expires) |
 * | `SECRET#<hash>` | `INVITATION` | the same invitation, found by its secret (expires) |
 * | `SECRET#<hash>` | `OAUTH_STATE` | a sign-in in progress at a provider (expires) |
 * | `SECRET#<hash>` | `OAUTH_CODE` | an identity that a provider confirmed, to be exchanged for tokens (expires) |
 * | `SECRET#<hash>` | `TOTP_CHALLENGE` | a sign-in that waits for its second factor (expires) |
 * | `SECRET#<hash>` | `STREAM_TICKET` | a ticket for one event stream, used or not (expires) |
 * | `FAMILY#<family_id>` | `FAMILY` | the refresh tokens of one sign-in (expires) |
 * | `JTI#<jti>` | `JTI` | an access token that was signed out (expires) |
 * | `ATTEMPTS#<hash of name>` | `WINDOW#<number>` | attempts in one window of time (expires) |
 * | `SIGN_IN#<hash of email address>` | `FAILURES` | failed sign-ins from everywhere and the lock (expires) |
 * | `SIGN_IN#<hash of it and a network>` | `FAILURES` | failed sign-ins from there and the lock (expires) |
 * | `SIGN_IN#<hash of it and a network>` | `KNOWN` | the account has signed in from there (expires) |
 */
export const IDENTITY_TABLES: TableDefinition[] = [
  { name: 'PlatformIdentity', partition_key: 'pk', sort_key: 'sk', ttl_attribute: 'expires_at' },
];

export const MAIL_TABLE = 'PlatformMails';

/** Mails to owners of accounts, with the hashes of their tokens. `DueIndex` is sparse: it holds the unsent mails. */
export const MAIL_TABLES: TableDefinition[] = [
  {
    name: MAIL_TABLE,
    partition_key: 'mail_id',
    indexes: [{ name: 'DueIndex', partition_key: 'due', sort_key: 'due_at', projection: 'KEYS_ONLY' }],
    ttl_attribute: 'expires_at',
  },
];

/**
 * Append only: entries expire after 90 days and are never updated or deleted. `entry` is `<at>#<entry_id>`, so that a query by
 * time needs no index; the two indexes serve the filters of `GET /audit`.
 */
export const AUDIT_TABLES: TableDefinition[] = [
  {
    name: 'PlatformAudit',
    partition_key: 'org_id',
    sort_key: 'entry',
    indexes: [
      { name: 'ActorIndex', partition_key: 'org_actor', sort_key: 'entry' },
      { name: 'ActionIndex', partition_key: 'org_action', sort_key: 'entry' },
    ],
    ttl_attribute: 'expires_at',
  },
];
