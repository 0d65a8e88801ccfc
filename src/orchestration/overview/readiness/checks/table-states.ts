import { Injectable } from '@nestjs/common';
import { TableInspection, type TableState } from '../../../../platform/dynamodb/table-inspection.js';
import { FreshReads } from '../../../../shared/fresh-reads.js';

/** Three calls a table are dear, and tables change rarely. */
const OLDEST_MS = 10_000;

/** What several checks want to know of the tables, asked once. */
@Injectable()
export class TableStates {
  private readonly reads = new FreshReads(OLDEST_MS);

  constructor(private readonly inspection: TableInspection) {}

  /** @throws DatabaseUnavailableError, DatabaseError */
  read(): Promise<TableState[]> {
    return this.reads.read('tables', () => this.inspection.read());
  }
}
