import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { TABLES } from '../../src/tables.js';

/** Who deleted what can be told for 90 days, so the audit log names what is gone. */
const KEPT = 'PlatformAudit';

/** Records of every table of the platform but the audit log that hold one of the ids anywhere, by table. */
export async function leftovers(endpoint: string, prefix: string, ids: string[]): Promise<Record<string, unknown[]>> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    const found: Record<string, unknown[]> = {};
    for (const { name } of TABLES.filter((table) => table.name !== KEPT)) {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: prefix + name, ConsistentRead: true }));
      const holding = Items.map((item) => unmarshall(item)).filter((item) => {
        const text = JSON.stringify(item);
        return ids.some((id) => text.includes(id));
      });
      if (holding.length > 0) found[name] = holding;
    }
    return found;
  } finally {
    client.destroy();
  }
}
