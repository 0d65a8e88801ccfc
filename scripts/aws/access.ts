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
/** EKS Pod Identity names the pods in tags of the session. */
const POD_IDENTITY = (account: string): string => `{
    "Effect": "Allow",
    "Principal": {"Service": "pods.eks.amazonaws.com"},
    "Action": ["sts:AssumeRole", "sts:TagSession"],
    "Condition": {"StringEquals": {
      "aws:RequestTag/kubernetes-namespace": "\${Namespace}",
      "aws:RequestTag/kubernetes-service-account": "${account}"
    }}
  }`;
/** Roles for service accounts, by the identity provider of the cluster. */
const IDENTITY_PROVIDER = (account: string): string => `{
    "Effect": "Allow",
    "Principal": {"Federated": "arn:\${AWS::Partition}:iam::\${AWS::AccountId}:oidc-provider/\${OidcProvider}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {
      "\${OidcProvider}:aud": "sts.amazonaws.com",
      "\${OidcProvider}:sub": "system:serviceaccount:\${Namespace}:${account}"
    }}
  }`;

/** As the key of a condition cannot be put together by CloudFormation, the whole document is a text. */
function trustIn(account: string) {
  const document = (...statements: string[]): Resource => ({
    'Fn::Sub': `{\n  "Version": "2012-10-17",\n  "Statement": [${statements.join(', ')}]\n}\n`,
  });
  const both = document(POD_IDENTITY(account), IDENTITY_PROVIDER(account));
  return { 'Fn::If': ['WithIdentityProvider', both, document(POD_IDENTITY(account))] };
}

/** A role of pods, which they wear by EKS Pod Identity or by their service account. */
function role(Description: string, account: string, policy: string): Resource {
  return {
    Type: 'AWS::IAM::Role',
    Condition: 'WithRole',
    Properties: {
      Description,
      MaxSessionDuration: 3600,
      AssumeRolePolicyDocument: trustIn(account),
      ManagedPolicyArns: [{ Ref: policy }],
    },
  };
}

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

/** The roles of the pods, and the policies of them and of the commands that people run. */
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
    PlatformRole: role('Role of the pods', '${ServiceAccount}', 'PlatformPolicy'),
    MigrationRole: role('Role of the migration Job', '${ServiceAccount}-migrate', 'MigrationPolicy'),
  };
}
