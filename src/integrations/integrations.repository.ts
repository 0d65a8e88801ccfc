import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { conditionFailed, DynamoDb, type Key } from '../platform/database/client/dynamodb.js';
import { type Write, write } from '../platform/database/unit-of-work.js';
import type { Page } from '../shared/page.js';
import { CONTRACT_TARGETS, type ContractRunDto, type ContractTarget } from './contract-tests/contract-tests.dto.js';
import type { ImportRun, ImportState, Integration, IntegrationVersion } from './integration.js';
import { IntegrationChangedError } from './integrations.errors.js';

const TABLE = 'PlatformIntegrations';
const PREFIX = 'int_';
/** Parts stay far below the 400 KB of an item. */
const PART_BYTES = 300_000;
const PARTS_AT_ONCE = 4;
/** Runs of contract tests that one more run deletes. */
const PRUNED_AT_ONCE = 5;

/** What is stored of an import beside its version: the document, the files that it refers to, and the catalogue. */
export type DataKind = 'document' | 'files' | 'catalogue' | 'contract_results' | 'contract_goldens';
/** What people change. */
export type IntegrationChange = Partial<Pick<Integration, 'name' | 'base_url' | 'credential_id' | 'mock'>>;

const orgKey = (org_id: string): string => `ORG#${org_id}`;
const ownKey = (org_id: string, integration_id: string): string => `INTEGRATION#${org_id}#${integration_id}`;
const importKey = (run_id: string): Key => ({ owner: `IMPORT#${run_id}`, item: run_id });
const mockKey = (integration_id: string): Key => ({ owner: `MOCK#${integration_id}`, item: 'MOCK' });
const contractItem = (run_id: string): string => `CONTRACT#${run_id}`;
const goldenItem = (target: ContractTarget): string => `GOLDEN#${target}`;
const versionItem = (version: number): string => `VERSION#${String(version).padStart(6, '0')}`;
const NAMES = { '#owner': 'owner', '#item': 'item' };

/** Integrations with their versions, documents and catalogues. Tenancy is in every key. */
@Injectable()
export class IntegrationsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
  ) {}

  async find(org_id: string, integration_id: string): Promise<Integration | undefined> {
    if (!integration_id.startsWith(PREFIX)) return undefined;
    const row = await this.db.get<Integration & Key>(TABLE, { owner: orgKey(org_id), item: integration_id });
    return row && plain(row);
  }

  /** Before the document is stored: what is stored of it can then be found and deleted. */
  async create(integration: Integration): Promise<void> {
    const { org_id, integration_id } = integration;
    await this.db.put({ TableName: TABLE, Item: { owner: orgKey(org_id), item: integration_id, ...integration } });
  }

  /** The import and its mark on the integration, which no other import may hold, nor have changed since it was read. */
  startOf(run: ImportRun, state: ImportState): Write[] {
    const { org_id, integration_id, run_id } = run;
    const noneRuns = 'version = :read AND #status <> :deleting AND NOT #import.#status = :running';
    return [
      write.update(
        {
          ...this.keyOf(org_id, integration_id),
          UpdateExpression: 'SET #import = :import',
          ConditionExpression: noneRuns,
          ExpressionAttributeNames: { '#import': 'import', '#status': 'status' },
          ExpressionAttributeValues: {
            ':import': state,
            ':read': run.version - 1,
            ':running': 'running',
            ':deleting': 'deleting',
          },
        },
        () => new IntegrationChangedError(integration_id),
      ),
      write.put({ TableName: TABLE, Item: { ...importKey(run_id), ...run } }),
    ];
  }

  async findImport(run_id: string): Promise<ImportRun | undefined> {
    const row = await this.db.get<ImportRun & Key>(TABLE, importKey(run_id));
    return row && plain(row);
  }

  /**
   * The version, the integration that has it now, and the end of the import. Only the import that holds the integration can
   * do this. @throws IntegrationChangedError from the transaction, when the integration is being deleted
   */
  endOf(run: ImportRun, version: IntegrationVersion, integration: Integration): Write[] {
    return [
      write.put({ TableName: TABLE, Item: this.versionRow(run.org_id, version) }),
      ...this.ending(run, { ...integration, import: { ...integration.import, status: 'done' } as ImportState }),
    ];
  }

  /** As {@link endOf}, without a version. */
  failureOf(run: ImportRun, integration: Integration): Write[] {
    return this.ending(run, integration);
  }

  /** Makes an older version the current one, as a new version. @throws IntegrationChangedError */
  restoreOf(version: IntegrationVersion, integration: Integration, read: Integration): Write[] {
    const isAsRead = 'version = :version AND updated_at = :updated_at AND NOT #import.#status = :running';
    const { org_id } = integration;
    return [
      write.put(
        {
          TableName: TABLE,
          Item: { owner: orgKey(org_id), item: integration.integration_id, ...integration },
          ConditionExpression: isAsRead,
          ExpressionAttributeNames: { '#import': 'import', '#status': 'status' },
          ExpressionAttributeValues: {
            ':version': read.version,
            ':updated_at': read.updated_at,
            ':running': 'running',
          },
        },
        () => new IntegrationChangedError(integration.integration_id),
      ),
      write.put({ TableName: TABLE, Item: this.versionRow(org_id, version) }),
    ];
  }

  async deleteImport(run_id: string): Promise<void> {
    await this.db.batchDelete(TABLE, [importKey(run_id)]);
  }

  /** @returns undefined when it was deleted meanwhile */
  async change(
    org_id: string,
    integration_id: string,
    change: IntegrationChange & { status?: 'deleting'; updated_at: string },
  ): Promise<Integration | undefined> {
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    const exists = 'attribute_exists(integration_id)';
    try {
      const row = await this.db.update<Integration & Key>({
        ...this.keyOf(org_id, integration_id),
        UpdateExpression: `SET ${fields.map((_, index) => `#field${index} = :value${index}`).join(', ')}`,
        ConditionExpression: exists,
        ExpressionAttributeNames: Object.fromEntries(fields.map(([name], index) => [`#field${index}`, name])),
        ExpressionAttributeValues: Object.fromEntries(fields.map(([, value], index) => [`:value${index}`, value])),
      });
      return plain(row);
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }

  /** GET /integrations: newest first. */
  async list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<Integration>> {
    const found = await pageOf<Integration & Key>(this.db, this.cursors, {
      query: { ...itemsOf(orgKey(org_id), PREFIX), ScanIndexForward: false },
      scope: `integrations:${org_id}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['owner', 'item'],
    });
    return { items: found.items.map(plain), last_key: found.last_key };
  }

  /** Overwrites what an interrupted attempt left. */
  async putData(
    { org_id, integration_id }: Pick<Integration, 'org_id' | 'integration_id'>,
    data_id: string,
    kind: DataKind,
    data: Uint8Array,
  ): Promise<void> {
    const limit = pLimit(PARTS_AT_ONCE);
    const parts = Array.from({ length: Math.ceil(data.byteLength / PART_BYTES) }, (_, part) => part * PART_BYTES);
    const put = (start: number, part: number) =>
      this.db.put({
        TableName: TABLE,
        Item: {
          owner: ownKey(org_id, integration_id),
          item: `DATA#${data_id}#${kind}#${String(part).padStart(4, '0')}`,
          parts: parts.length,
          body: data.subarray(start, start + PART_BYTES),
        },
      });
    await Promise.all(parts.map((start, part) => limit(() => put(start, part))));
  }

  /** Undefined when it is not stored whole. */
  async getData(
    { org_id, integration_id }: Pick<Integration, 'org_id' | 'integration_id'>,
    data_id: string,
    kind: DataKind,
  ): Promise<Uint8Array | undefined> {
    const bodies: Uint8Array[] = [];
    let parts = 0;
    const query = itemsOf(ownKey(org_id, integration_id), `DATA#${data_id}#${kind}#`);
    for await (const row of this.db.queryAll<{ parts: number; body: Uint8Array }>(query)) {
      parts = row.parts;
      bodies.push(row.body);
    }
    return parts > 0 && bodies.length === parts ? Buffer.concat(bodies) : undefined;
  }

  async findVersion(org_id: string, integration_id: string, version: number): Promise<IntegrationVersion | undefined> {
    const key = { owner: ownKey(org_id, integration_id), item: versionItem(version) };
    const row = await this.db.get<IntegrationVersion & Key>(TABLE, key);
    return row && plain(row);
  }

  /** Newest first, at most 100. */
  async listVersions(org_id: string, integration_id: string): Promise<IntegrationVersion[]> {
    const { items } = await this.db.query<IntegrationVersion & Key>({
      ...itemsOf(ownKey(org_id, integration_id), 'VERSION#'),
      ScanIndexForward: false,
      Limit: 100,
    });
    return items.map(plain);
  }

  /** Deletes what goes beyond the runs that are kept. */
  async putContractRun(org_id: string, run: ContractRunDto, kept: number): Promise<void> {
    const owner = ownKey(org_id, run.integration_id);
    await this.db.put({ TableName: TABLE, Item: { owner, item: contractItem(run.run_id), ...run } });
    const old = (await this.contractRuns(owner, kept + PRUNED_AT_ONCE)).slice(kept);
    const goldens = await Promise.all(CONTRACT_TARGETS.map((target) => this.goldens(owner, target)));
    for (const { run_id } of old) {
      const kinds = goldens.includes(run_id) ? ['contract_results'] : ['contract_results', 'contract_goldens'];
      const keys: Key[] = [{ owner, item: contractItem(run_id) }];
      for (const kind of kinds) {
        const query = { ...itemsOf(owner, `DATA#${run_id}#${kind}#`), ProjectionExpression: '#item' };
        for await (const { item } of this.db.queryAll<{ item: string }>(query)) keys.push({ owner, item });
      }
      await this.db.batchDelete(TABLE, keys);
    }
  }

  /** Newest first. */
  async listContractRuns(org_id: string, integration_id: string, limit: number): Promise<ContractRunDto[]> {
    return this.contractRuns(ownKey(org_id, integration_id), limit);
  }

  async findContractRun(org_id: string, integration_id: string, run_id: string): Promise<ContractRunDto | undefined> {
    const key = { owner: ownKey(org_id, integration_id), item: contractItem(run_id) };
    const row = await this.db.get<ContractRunDto & Key>(TABLE, key);
    return row && plain(row);
  }

  /** The run whose answers later ones are held to. */
  async findGoldens(
    { org_id, integration_id }: Pick<Integration, 'org_id' | 'integration_id'>,
    target: ContractTarget,
  ): Promise<string | undefined> {
    return this.goldens(ownKey(org_id, integration_id), target);
  }

  async putGoldens(
    { org_id, integration_id }: Pick<Integration, 'org_id' | 'integration_id'>,
    target: ContractTarget,
    run_id: string,
  ): Promise<void> {
    const key = { owner: ownKey(org_id, integration_id), item: goldenItem(target) };
    await this.db.put({ TableName: TABLE, Item: { ...key, run_id } });
  }

  private async goldens(owner: string, target: ContractTarget): Promise<string | undefined> {
    return (await this.db.get<{ run_id: string }>(TABLE, { owner, item: goldenItem(target) }))?.run_id;
  }

  private async contractRuns(owner: string, limit: number): Promise<ContractRunDto[]> {
    const query = { ...itemsOf(owner, 'CONTRACT#'), ScanIndexForward: false, Limit: limit };
    const { items } = await this.db.query<ContractRunDto & Key>(query);
    return items.map(plain);
  }

  /** Undefined forgets the owner. */
  async putMockOwner(integration_id: string, org_id: string | undefined): Promise<void> {
    if (org_id === undefined) await this.db.batchDelete(TABLE, [mockKey(integration_id)]);
    else await this.db.put({ TableName: TABLE, Item: { ...mockKey(integration_id), org_id } });
  }

  /** Whose integration has its mock on. */
  async findMockOwner(integration_id: string): Promise<string | undefined> {
    return (await this.db.get<{ org_id: string }>(TABLE, mockKey(integration_id)))?.org_id;
  }

  /**
   * The integration itself goes last: by it an interrupted deletion is found and repeated. The record of an import that is
   * running stays: by it the import finds what it stored meanwhile.
   */
  async delete(org_id: string, integration_id: string): Promise<void> {
    const state = (await this.find(org_id, integration_id))?.import;
    const keys: Key[] = state && state.status !== 'running' ? [importKey(state.run_id)] : [];
    const query = { ...itemsOf(ownKey(org_id, integration_id)), ProjectionExpression: '#owner, #item' };
    for await (const { owner, item } of this.db.queryAll<Key>(query)) keys.push({ owner: owner!, item: item! });
    await this.db.batchDelete(TABLE, [...keys, mockKey(integration_id)]);
    await this.db.batchDelete(TABLE, [{ owner: orgKey(org_id), item: integration_id }]);
  }

  /** Ids of every integration of an organization. */
  async idsOf(org_id: string): Promise<string[]> {
    const ids: string[] = [];
    const query = { ...itemsOf(orgKey(org_id), PREFIX), ProjectionExpression: '#item' };
    for await (const { item } of this.db.queryAll<{ item: string }>(query)) ids.push(item);
    return ids;
  }

  private ending(run: ImportRun, integration: Integration): Write[] {
    const { org_id, integration_id, run_id } = run;
    const { name: _name, base_url: _url, credential_id: _credential, mock: _mock, ...set } = integration;
    const fields = Object.entries(set).filter(([field]) => field !== 'org_id' && field !== 'integration_id');
    const isOursAndStays = '#import.run_id = :run_id AND #status <> :deleting';
    const end = write.update(
      {
        ...this.keyOf(org_id, integration_id),
        UpdateExpression: `SET ${fields.map((_, index) => `#field${index} = :value${index}`).join(', ')}`,
        ConditionExpression: isOursAndStays,
        ExpressionAttributeNames: {
          '#import': 'import',
          '#status': 'status',
          ...Object.fromEntries(fields.map(([field], index) => [`#field${index}`, field])),
        },
        ExpressionAttributeValues: {
          ':run_id': run_id,
          ':deleting': 'deleting',
          ...Object.fromEntries(fields.map(([, value], index) => [`:value${index}`, value])),
        },
      },
      () => new IntegrationChangedError(integration_id),
    );
    return [end, write.delete({ TableName: TABLE, Key: importKey(run_id) })];
  }

  private versionRow(org_id: string, version: IntegrationVersion): Key & IntegrationVersion {
    const key = { owner: ownKey(org_id, version.integration_id), item: versionItem(version.version) };
    return { ...key, ...version } as unknown as Key & IntegrationVersion;
  }

  private keyOf(org_id: string, integration_id: string) {
    return { TableName: TABLE, Key: { owner: orgKey(org_id), item: integration_id } };
  }
}

function itemsOf(owner: string, prefix?: string) {
  const isOwned = '#owner = :owner';
  const begins = 'begins_with(#item, :prefix)';
  return {
    TableName: TABLE,
    KeyConditionExpression: prefix === undefined ? isOwned : `${isOwned} AND ${begins}`,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: { ':owner': owner, ...(prefix === undefined ? {} : { ':prefix': prefix }) },
    ConsistentRead: true,
  };
}

function plain<T>({ owner: _owner, item: _item, ...record }: T & Key): T {
  return record as unknown as T;
}
