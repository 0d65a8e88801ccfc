import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../platform/database/client/dynamodb.js';
import { type Write, write } from '../platform/database/unit-of-work.js';

const TABLE = 'PackageImports';

/** Something that an import makes, noted before it is made. */
export interface ImportedItem {
  kind: 'integration' | 'project' | 'flow';
  id: string;
}

/** An import of a package that has not ended. */
export interface UnfinishedImport {
  import_id: string;
  org_id: string;
  /** Until then its process counts as alive. */
  alive_until: string;
  /** Set once it is being undone: from then on it may make nothing more. */
  is_undone: boolean;
  items: ImportedItem[];
}

@Injectable()
export class UnfinishedImportsRepository {
  constructor(private readonly db: DynamoDb) {}

  find(import_id: string): Promise<UnfinishedImport | undefined> {
    return this.db.get<UnfinishedImport>(TABLE, { import_id });
  }

  createOf(one: UnfinishedImport): Write {
    return write.put({
      TableName: TABLE,
      Item: { ...one },
      ConditionExpression: 'attribute_not_exists(import_id)',
    });
  }

  deleteOf(import_id: string): Write {
    return write.delete({ TableName: TABLE, Key: { import_id } });
  }

  /** Notes what is made next, and that the process is alive. @returns false when the import is being undone, or was */
  async note(import_id: string, items: readonly ImportedItem[], alive_until: string): Promise<boolean> {
    return this.update(import_id, 'SET #items = list_append(#items, :items), alive_until = :until', 'is_undone = :no', {
      ...{ ':items': items, ':until': alive_until, ':no': false },
    });
  }

  /** @returns false when it is gone */
  async undo(import_id: string): Promise<boolean> {
    return this.update(import_id, 'SET is_undone = :yes', 'attribute_exists(import_id)', { ':yes': true });
  }

  private async update(
    import_id: string,
    UpdateExpression: string,
    ConditionExpression: string,
    values: Record<string, unknown>,
  ): Promise<boolean> {
    const names = UpdateExpression.includes('#items') ? { ExpressionAttributeNames: { '#items': 'items' } } : {};
    try {
      await this.db.update({
        ...{ TableName: TABLE, Key: { import_id }, UpdateExpression, ConditionExpression },
        ...{ ...names, ExpressionAttributeValues: values },
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}
