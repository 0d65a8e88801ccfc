import { z } from 'zod';

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
  /** Read by the AWS SDK itself; here only their presence counts. */
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_PROFILE: z.string().optional(),
};
