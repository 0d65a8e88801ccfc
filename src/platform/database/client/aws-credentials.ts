export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** What the credential chain of AWS finds (environment, profile, role of the container or machine), renewed before it expires. */
export async function awsCredentials(region: string): Promise<() => Promise<AwsCredentials>> {
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  const { credentials } = new DynamoDBClient({ region }).config;
  return async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };
}
