/** Name of the one table of identity and the keys of its records; see `identity.tables.ts`. */
export const IDENTITY_TABLE = 'PlatformIdentity';

export interface RecordKey {
  pk: string;
  sk: string;
}

export const userKey = (user_id: string): RecordKey => ({ pk: `USER#${user_id}`, sk: 'USER' });
export const totpKey = (user_id: string): RecordKey => ({ pk: `USER#${user_id}`, sk: 'TOTP' });
export const emailKey = (email: string): RecordKey => ({ pk: `EMAIL#${email}`, sk: 'EMAIL' });
export const organizationKey = (org_id: string): RecordKey => ({ pk: `ORG#${org_id}`, sk: 'ORG' });
/** Where the operator's list of all organisations lies; their ids are in the order of creation. */
export const listedOrganizationKey = (org_id: string): RecordKey => ({
  pk: 'ORGANIZATIONS',
  sk: `ORGANIZATION#${org_id}`,
});
/** Organizations whose deletion has begun and not ended. */
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
  kind: 'KEY' | 'REFRESH' | 'INVITATION' | 'OAUTH_STATE' | 'OAUTH_CODE' | 'TOTP_CHALLENGE',
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
