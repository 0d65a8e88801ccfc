import { Injectable } from '@nestjs/common';
import { DynamoDb, type TransactItem } from '../../platform/dynamodb/dynamodb.js';
import { IDENTITY_TABLE, signInKey } from '../identity-keys.js';

/** Where a request came from. */
export interface Device {
  /** The `User-Agent`, cut to 200 characters; null without one. */
  device: string | null;
  address: string;
}

/** A sign-in as its owner sees it; the family holds what decides whether it stands. */
export interface SignIn extends Device {
  family_id: string;
  user_id: string;
  created_at: string;
  /** Of the sign-in or its last refresh, which comes every 15 minutes at the latest while it is used. */
  last_used_at: string;
  /** Seconds since 1970. */
  expires_at: number;
}

/** Sign-ins by user. */
@Injectable()
export class SignInsRepository {
  constructor(private readonly db: DynamoDb) {}

  /** Newest first. */
  async listByUser(user_id: string, limit: number): Promise<SignIn[]> {
    const { pk, sk } = signInKey(user_id, '');
    const { items } = await this.db.query<SignIn>({
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :session)',
      ExpressionAttributeValues: { ':pk': pk, ':session': sk },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit,
    });
    return items;
  }

  async find(user_id: string, family_id: string): Promise<SignIn | undefined> {
    return this.db.get<SignIn>(IDENTITY_TABLE, { ...signInKey(user_id, family_id) });
  }

  async delete(user_id: string, family_id: string): Promise<void> {
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: { ...signInKey(user_id, family_id) } });
  }
}

/** To be written with every token of a sign-in. Sign-ins of version 1.0.0 are listed from their next refresh on. */
export function signInUse(use: SignIn): TransactItem {
  const { user_id, family_id, device, address, created_at, last_used_at, expires_at } = use;
  return {
    Update: {
      TableName: IDENTITY_TABLE,
      Key: { ...signInKey(user_id, family_id) },
      UpdateExpression:
        'SET family_id = :family, user_id = :user, device = :device, address = :address, ' +
        'created_at = if_not_exists(created_at, :created), last_used_at = :used, expires_at = :expires',
      ExpressionAttributeValues: {
        ':family': family_id,
        ':user': user_id,
        ':device': device,
        ':address': address,
        ':created': created_at,
        ':used': last_used_at,
        ':expires': expires_at,
      },
    },
  };
}
