import type { TableDefinition } from '../../src/platform/database/table-definition.ts';
import { stringify } from 'yaml';
import { accessResources } from './access.ts';
import { logicalId, type Resource, tableResource } from './tables.ts';

export const TEMPLATE_FILE = 'deploy/aws/nexus.template.yaml';

const HEAD = `# Every table of Nexus with its indexes, and the access to them. Written by: npm run aws:template
# A test compares it with src/tables.ts; change the tables there.
#   aws cloudformation deploy --stack-name nexus --template-file ${TEMPLATE_FILE} \\
#     --capabilities CAPABILITY_IAM --parameter-overrides TablePrefix=production- OidcProvider=oidc.eks...
`;

const parameters = {
  TablePrefix: {
    Type: 'String',
    Default: '',
    AllowedPattern: '[A-Za-z0-9_.-]*',
    Description: 'NEXUS_TABLE_PREFIX of the environment',
  },
  OidcProvider: {
    Type: 'String',
    Default: '',
    Description: 'OIDC provider of the EKS cluster, without https://, for roles of service accounts; empty if not used',
  },
  PodIdentity: {
    Type: 'String',
    Default: 'false',
    AllowedValues: ['true', 'false'],
    Description:
      'Whether pods get their role through EKS Pod Identity; if it is false and OidcProvider is empty, no roles are created',
  },
  Namespace: { Type: 'String', Default: 'nexus', Description: 'Namespace of the pods' },
  ServiceAccount: { Type: 'String', Default: 'nexus', Description: 'Service account of the pods' },
  ModelArns: {
    Type: 'CommaDelimitedList',
    Default: '',
    Description: 'ARNs of the Bedrock models and inference profiles that Nexus may call, for MODEL_PROVIDER=bedrock',
  },
};

/** The CloudFormation template of an environment. */
export function templateOf(tables: readonly TableDefinition[]) {
  const resources: Record<string, Resource> = {
    ...Object.fromEntries(tables.map((table) => [logicalId(table), tableResource(table)])),
    ...accessResources(tables),
  };
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Nexus: tables and least-privilege access',
    Parameters: parameters,
    Conditions: {
      WithIdentityProvider: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'OidcProvider' }, ''] }] },
      WithRole: {
        'Fn::Or': [{ Condition: 'WithIdentityProvider' }, { 'Fn::Equals': [{ Ref: 'PodIdentity' }, 'true'] }],
      },
      WithModels: { 'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', { Ref: 'ModelArns' }] }, ''] }] },
    },
    Resources: resources,
    Outputs: {
      PlatformRoleArn: {
        Condition: 'WithRole',
        Description: "For Pod Identity, or the annotation eks.amazonaws.com/role-arn, of the pods' service account",
        Value: { 'Fn::GetAtt': ['PlatformRole', 'Arn'] },
      },
      MigrationRoleArn: {
        Condition: 'WithRole',
        Description: 'The same, for the service account of the migration Job',
        Value: { 'Fn::GetAtt': ['MigrationRole', 'Arn'] },
      },
      PlatformPolicyArn: { Description: 'For other roles that run Nexus', Value: { Ref: 'PlatformPolicy' } },
      MigrationPolicyArn: { Description: 'For the principal that runs db:migrate', Value: { Ref: 'MigrationPolicy' } },
      RecountPolicyArn: {
        Description: 'For the principal that runs statistics:rebuild',
        Value: { Ref: 'RecountPolicy' },
      },
    },
  };
}

export const templateText = (tables: readonly TableDefinition[]): string =>
  HEAD + stringify(templateOf(tables), { aliasDuplicateObjects: false, lineWidth: 120 });
