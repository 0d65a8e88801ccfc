import type { TableDefinition } from '../platform/dynamodb/table-definition.js';

/**
 * Who is who, in one table. What is asked for together lies together: an organisation with its members and keys under
 * `ORG#<org_id>`; everything that a request looks up by one name lies under that name.
 *
 * | pk | sk | record |
 * | --- | --- | --- |
 * | `USER#<user_id>` | `USER` | the user, with the hash of the password and the organisations it belongs to |
 * | `USER#<user_id>` | `TOTP` | the second factor: its sealed secret and hashes of recovery codes |
 * | `USER#<user_id>` | `SESSION#<family_id>` | a sign-in as its owner lists it (expires) |
 * | `EMAIL#<address>` | `EMAIL` | whose address it is: makes addresses unique |
 * | `ORG#<org_id>` | `ORG` | the organisation, with the number of its administrators |
 * | `ORGANIZATIONS` | `ORGANIZATION#<org_id>` | that there is one, for the operator's list |
 * | `ORGANIZATION_DELETIONS` | `ORGANIZATION#<org_id>` | a deletion that has begun and not ended |
 * | `ORG#<org_id>` | `MEMBER#<user_id>` | the membership and its roles |
 * | `ORG#<org_id>` | `KEY#<key_id>` | an API key as it is listed |
 * | `ORG#<org_id>` | `INVITATION#<invitation_id>` | an invitation as it is listed (expires) |
 * | `SECRET#<hash>` | `KEY` | which key a secret is |
 * | `SECRET#<hash>` | `REFRESH` | a refresh token, used or not (expires) |
 * | `SECRET#<hash>` | `INVITATION` | the same invitation, for whoever accepts it (expires) |
 * | `SECRET#<hash>` | `OAUTH_STATE` | a sign-in that a browser was sent to a provider with (expires) |
 * | `SECRET#<hash>` | `OAUTH_CODE` | whom a provider has proven, to be exchanged for tokens (expires) |
 * | `SECRET#<hash>` | `TOTP_CHALLENGE` | a sign-in that waits for its second factor (expires) |
 * | `FAMILY#<family_id>` | `FAMILY` | the refresh tokens of one sign-in (expires) |
 * | `JTI#<jti>` | `JTI` | an access token that was signed out (expires) |
 * | `ATTEMPTS#<hash of name>` | `WINDOW#<number>` | attempts in one window of time (expires) |
 * | `SIGN_IN#<hash of e-mail address>` | `FAILURES` | failed sign-ins from everywhere and the lock (expires) |
 * | `SIGN_IN#<hash of it and a network>` | `FAILURES` | failed sign-ins from there and the lock (expires) |
 * | `SIGN_IN#<hash of it and a network>` | `KNOWN` | the account has signed in from there (expires) |
 */
export const IDENTITY_TABLES: TableDefinition[] = [
  { name: 'PlatformIdentity', partition_key: 'pk', sort_key: 'sk', ttl_attribute: 'expires_at' },
];
