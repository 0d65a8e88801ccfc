import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { TEMPLATE_FILE, templateOf, templateText } from './template.js';
import { createTableInput } from '../../src/platform/database/table-definition.js';
import { TABLES } from '../../src/tables.js';

interface TableResource {
  Type: string;
  DeletionPolicy: string;
  Properties: Record<string, unknown>;
}

interface Policy {
  Properties: { PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] } };
}

const committed = parse(readFileSync(TEMPLATE_FILE, 'utf8')) as ReturnType<typeof templateOf>;
const resources = Object.values(committed.Resources);
const tables = resources.filter(({ Type }) => Type === 'AWS::DynamoDB::Table') as unknown as TableResource[];
const named = (name: string) =>
  tables.find(
    ({ Properties }) =>
      JSON.stringify(Properties['TableName']) === JSON.stringify({ 'Fn::Sub': `\${TablePrefix}${name}` }),
  );

describe('the CloudFormation template', () => {
  it('is what the tables of the platform say; run npm run aws:template after a change', () => {
    expect(readFileSync(TEMPLATE_FILE, 'utf8')).toBe(templateText(TABLES));
  });

  it.each(TABLES)('has $name with its keys and indexes, kept, backed up and protected', (definition) => {
    const table = named(definition.name);
    const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = createTableInput(definition, 'any', true);
    expect(table?.Properties).toMatchObject({
      KeySchema,
      AttributeDefinitions,
      ...(GlobalSecondaryIndexes ? { GlobalSecondaryIndexes } : {}),
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    expect(table?.DeletionPolicy).toBe('Retain');
    expect(table?.Properties['TimeToLiveSpecification']).toEqual(
      definition.ttl_attribute === undefined ? undefined : { AttributeName: definition.ttl_attribute, Enabled: true },
    );
  });

  it('has no table that the platform does not know', () => {
    expect(tables).toHaveLength(TABLES.length);
  });

  it('lets the platform touch its own tables only, and neither scan nor change them', () => {
    const { Statement } = (committed.Resources['PlatformPolicy'] as unknown as Policy).Properties.PolicyDocument;
    const [records, audit] = Statement;
    expect(
      records?.Action.filter((action) => /Scan|Create|Update(Table|TimeToLive)|DeleteTable|\*/.test(action)),
    ).toEqual([]);
    expect(JSON.stringify(records?.Resource)).not.toContain('"*"');
    const resources = [records, audit].flatMap((statement) => statement?.Resource);
    expect(resources).toHaveLength(TABLES.length + TABLES.filter(({ indexes }) => indexes?.length).length);
  });

  it('lets nothing but the age of an entry change or delete it in the audit log', () => {
    for (const name of ['PlatformPolicy', 'RecountPolicy']) {
      const { Statement } = (committed.Resources[name] as unknown as Policy).Properties.PolicyDocument;
      const touching = Statement.filter(({ Resource }) => JSON.stringify([Resource]).includes('PlatformAudit'));
      expect(touching.flatMap(({ Action }) => Action)).toEqual(
        name === 'PlatformPolicy' ? ['dynamodb:DescribeTable', 'dynamodb:PutItem', 'dynamodb:Query'] : [],
      );
    }
  });

  it.each([
    ['PlatformRole', '${ServiceAccount}'],
    ['MigrationRole', '${ServiceAccount}-migrate'],
  ])('lets one service account wear %s, by Pod Identity and by its identity provider', (name, account) => {
    const { AssumeRolePolicyDocument: trust } = (
      committed.Resources[name] as unknown as {
        Properties: { AssumeRolePolicyDocument: { 'Fn::If': [string, { 'Fn::Sub': string }, { 'Fn::Sub': string }] } };
      }
    ).Properties;
    const [condition, ...documents] = trust['Fn::If'];
    const [both, podIdentity] = documents.map(
      (document) => (JSON.parse(document['Fn::Sub']) as { Statement: Record<string, unknown>[] }).Statement,
    );
    expect(condition).toBe('WithIdentityProvider');
    expect(both?.map(({ Action }) => Action)).toEqual([
      ['sts:AssumeRole', 'sts:TagSession'],
      'sts:AssumeRoleWithWebIdentity',
    ]);
    expect(both?.[1]?.['Condition']).toMatchObject({
      StringEquals: { '${OidcProvider}:sub': `system:serviceaccount:\${Namespace}:${account}` },
    });
    expect(podIdentity).toEqual([both?.[0]]);
    expect(podIdentity?.[0]).toMatchObject({
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Condition: {
        StringEquals: {
          'aws:RequestTag/kubernetes-namespace': '${Namespace}',
          'aws:RequestTag/kubernetes-service-account': account,
        },
      },
    });
  });

  it('refers only to what it declares', () => {
    const known = new Set([...Object.keys(committed.Parameters), ...Object.keys(committed.Resources)]);
    const text = JSON.stringify(committed);
    const references = [
      ...text.matchAll(/"Ref":"([^"]+)"/g),
      ...text.matchAll(/"Fn::GetAtt":\["([^"]+)"/g),
      ...text.matchAll(/\$\{([^}.]+)[^}]*\}/g),
    ].map(([, name = '']) => name);
    expect(references.length).toBeGreaterThan(TABLES.length);
    expect(references.filter((name) => !known.has(name) && !name.startsWith('AWS::'))).toEqual([]);
  });
});
