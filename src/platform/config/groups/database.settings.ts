import { z } from 'zod';

/** Names that point the AWS SDK to credentials. The SDK reads them itself; the platform only asks whether any is set. */
export const CREDENTIAL_SOURCES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
] as const;

const present = z.string().optional();
const credentialSources = Object.fromEntries(CREDENTIAL_SOURCES.map((name) => [name, present])) as Record<
  (typeof CREDENTIAL_SOURCES)[number],
  typeof present
>;

/** Where records are kept. */
export const databaseSettings = {
  NEXUS_DATABASE: z.enum(['embedded', 'dynamodb']).optional(),
  NEXUS_DATA_DIR: z.string().min(1).default('.nexus'),
  NEXUS_TABLE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.-]*$/, 'may hold letters, digits, _ . and - only')
    .default(''),
  DYNAMODB_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().min(1).default('us-east-1'),
  ...credentialSources,
};
