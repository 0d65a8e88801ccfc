import type { TableDefinition } from '../../src/platform/database/table-definition.ts';
import { logicalId, type Resource } from './tables.ts';

/** What requests do. No Scan: no request path scans. */
const RECORDS = [
  'dynamodb:BatchGetItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DeleteItem',
  // The readiness probe.
  'dynamodb:DescribeTable',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
];
/** The audit log is append only for the platform: it can neither change nor delete an entry. */
const APPENDS = ['dynamodb:DescribeTable', 'dynamodb:PutItem', 'dynamodb:Query'];
const AUDIT_TABLE = 'PlatformAudit';
/** `npm run db:migrate` with its checks of expiry, backups and protection; it can delete nothing. */
const MIGRATION = [
  'dynamodb:CreateTable',
  'dynamodb:DescribeContinuousBackups',
  'dynamodb:DescribeTable',
  'dynamodb:DescribeTimeToLive',
  'dynamodb:UpdateContinuousBackups',
  'dynamodb:UpdateTable',
  'dynamodb:UpdateTimeToLive',
];
const MODELS = ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'];
/** As the key of a condition cannot be put together by CloudFormation, the whole document is a text. */
const TRUST = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"Federated": "arn:\${AWS::Partition}:iam::\${AWS::AccountId}:oidc-provider/\${OidcProvider}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {
      "\${OidcProvider}:aud": "sts.amazonaws.com",
      "\${OidcProvider}:sub": "system:serviceaccount:\${Namespace}:\${ServiceAccount}"
    }}
  }]
}
`;

const arn = (table: TableDefinition) => ({ 'Fn::GetAtt': [logicalId(table), 'Arn'] });
const indexes = (table: TableDefinition) => ({ 'Fn::Sub': `\${${logicalId(table)}.Arn}/index/*` });

/** Tables and, where there are any, their indexes: nothing else of the account. */
function ofTables(Sid: string, Action: string[], tables: readonly TableDefinition[]): Resource {
  const Resource = tables.flatMap((table) => [arn(table), ...(table.indexes?.length ? [indexes(table)] : [])]);
  return { Sid, Effect: 'Allow', Action, Resource };
}

function policy(Description: string, statements: unknown[]): Resource {
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: { Description, PolicyDocument: { Version: '2012-10-17', Statement: statements } },
  };
}

/** The role of the pods, and the policies of it and of the commands that people run. */
export function accessResources(tables: readonly TableDefinition[]): Record<string, Resource> {
  const [audit, records] = [true, false].map((isAudit) =>
    tables.filter(({ name }) => (name === AUDIT_TABLE) === isAudit),
  );
  const models = { Sid: 'Models', Effect: 'Allow', Action: MODELS, Resource: { Ref: 'ModelArns' } };
  return {
    PlatformPolicy: policy('What Nexus needs to serve', [
      ofTables('Records', RECORDS, records ?? []),
      ofTables('Audit', APPENDS, audit ?? []),
      { 'Fn::If': ['WithModels', models, { Ref: 'AWS::NoValue' }] },
    ]),
    MigrationPolicy: policy('What npm run db:migrate needs', [ofTables('Tables', MIGRATION, tables)]),
    RecountPolicy: policy('What npm run statistics:rebuild needs', [
      ofTables('Records', [...RECORDS, 'dynamodb:Scan'], records ?? []),
    ]),
    PlatformRole: {
      Type: 'AWS::IAM::Role',
      Condition: 'WithRole',
      Properties: {
        Description: 'Worn by the pods of Nexus',
        MaxSessionDuration: 3600,
        AssumeRolePolicyDocument: { 'Fn::Sub': TRUST },
        ManagedPolicyArns: [{ Ref: 'PlatformPolicy' }],
      },
    },
  };
}
