import { DynamoDBClient, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

/** Who deleted what can be told for 90 days, so the audit log names what is gone. */
const KEPT = 'PlatformAudit';

/** Records of every table of the engine but the audit log that hold one of the ids anywhere, by table. */
export async function leftovers(endpoint: string, prefix: string, ids: string[]): Promise<Record<string, unknown[]>> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    const found: Record<string, unknown[]> = {};
    const own = TableNames.filter((name) => name.startsWith(prefix) && name !== prefix + KEPT);
    for (const TableName of own) {
      const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
      const holding = Items.map((item) => unmarshall(item)).filter((item) =>
        ids.some((id) => JSON.stringify(item).includes(id)),
      );
      if (holding.length > 0) found[TableName.slice(prefix.length)] = holding;
    }
    return found;
  } finally {
    client.destroy();
  }
}
