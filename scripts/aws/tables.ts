import { createTableInput, type TableDefinition } from '../../src/platform/database/table-definition.ts';

export type Resource = Record<string, unknown>;

/** Logical id of a table in the template: CloudFormation takes letters and digits only. */
export const logicalId = (table: TableDefinition): string => `${table.name.replaceAll(/[^A-Za-z0-9]/g, '')}Table`;

/**
 * A table with everything that `npm run db:migrate` gives it on AWS: the same request makes both. It outlives its stack:
 * deleting the stack keeps it.
 */
export function tableResource(table: TableDefinition): Resource {
  const { TableName: _name, ...properties } = createTableInput(table, table.name, true);
  return {
    Type: 'AWS::DynamoDB::Table',
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      TableName: { 'Fn::Sub': `\${TablePrefix}${table.name}` },
      ...properties,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
      ...(table.ttl_attribute === undefined
        ? {}
        : { TimeToLiveSpecification: { AttributeName: table.ttl_attribute, Enabled: true } }),
    },
  };
}
