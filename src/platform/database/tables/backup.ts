import { type AttributeValue, BatchWriteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { DomainError } from '../../../shared/domain-error.js';
import { pauseAfter } from '../client/read-batch.js';
import type { TableDefinition } from '../table-definition.js';

const MANIFEST = 'manifest.json';
/** DynamoDB's limit of writes in one BatchWriteItem. */
const WRITES = 25;
/** Batches without progress before the command gives up; the pause between them grows. */
const IDLE_BATCHES = 10;
/** A backup contains password hashes and encrypted credentials. */
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

type Item = Record<string, AttributeValue>;

export interface BackedUpTable {
  name: string;
  items: number;
  /** Of the lines of its file, before compression. */
  sha256: string;
}

export interface BackupManifest {
  format: 1;
  /** Of the platform that wrote it. */
  version: string;
  started_at: string;
  ended_at: string;
  tables: BackedUpTable[];
}

/** A backup cannot be written or restored as requested. */
export class BackupError extends DomainError {
  override readonly code = 'INVALID_STATE';
}

/**
 * Copies all tables of the environment to files, and back. A table is one gzip file of JSON lines in DynamoDB's own notation, so
 * numbers, sets and bytes are restored exactly. One page of a table is in memory at a time. The platform may run meanwhile:
 * each record is copied as it is when it is read, so the backup is not of one instant.
 */
export class Backup {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly definitions: readonly TableDefinition[],
    private readonly prefix: string,
  ) {}

  /**
   * Writes a backup to a directory. Repeating an interrupted backup writes its files again; the manifest, which makes a backup
   * complete, comes last.
   * @throws BackupError for a directory that contains a complete backup
   */
  async write(directory: string, version: string, now: () => string): Promise<BackupManifest> {
    const manifest = join(directory, MANIFEST);
    if (await exists(manifest))
      throw new BackupError(`${directory} already contains a backup; choose another directory`);
    await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
    const started_at = now();
    const tables: BackedUpTable[] = [];
    for (const { name } of this.definitions) tables.push(await this.writeTable(directory, name));
    const written: BackupManifest = { format: 1, version, started_at, ended_at: now(), tables };
    await writeFile(`${manifest}.part`, `${JSON.stringify(written, null, 2)}\n`, { mode: PRIVATE_FILE });
    await rename(`${manifest}.part`, manifest);
    return written;
  }

  /**
   * Puts the records of a backup into empty tables. All files are checked before the first write.
   * @param options `continues`: the tables may hold records, which those of the backup replace; for a restore that was interrupted
   * @throws BackupError when the backup is incomplete or damaged, or a table is not empty
   */
  async restore(directory: string, { continues = false } = {}): Promise<BackupManifest> {
    const manifest = await this.manifestOf(directory);
    for (const table of manifest.tables) await this.check(directory, table);
    if (!continues) for (const { name } of this.definitions) await this.requireEmpty(name);
    for (const { name } of manifest.tables) await this.restoreTable(directory, name);
    return manifest;
  }

  private async writeTable(directory: string, name: string): Promise<BackedUpTable> {
    const hash = createHash('sha256');
    let items = 0;
    const page = (found: Item[]): string => {
      const text = found.map((item) => `${encoded(item)}\n`).join('');
      items += found.length;
      hash.update(text);
      return text;
    };
    const pages = this.pages(name);
    const texts = async function* (): AsyncGenerator<string> {
      for await (const found of pages) yield page(found);
    };
    const file = fileOf(directory, name);
    await pipeline(Readable.from(texts()), createGzip(), createWriteStream(`${file}.part`, { mode: PRIVATE_FILE }));
    await rename(`${file}.part`, file);
    return { name, items, sha256: hash.digest('hex') };
  }

  private async *pages(name: string): AsyncGenerator<Item[]> {
    let ExclusiveStartKey: Item | undefined;
    do {
      const command = new ScanCommand({ TableName: this.prefix + name, ExclusiveStartKey, ConsistentRead: true });
      const { Items = [], LastEvaluatedKey } = await this.client.send(command);
      yield Items;
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  private async manifestOf(directory: string): Promise<BackupManifest> {
    const path = join(directory, MANIFEST);
    if (!(await exists(path)))
      throw new BackupError(`${directory} contains no complete backup: ${MANIFEST} is missing`);
    const manifest = JSON.parse(await readFile(path, 'utf8')) as BackupManifest;
    const known = new Set(this.definitions.map(({ name }) => name));
    const unknown = manifest.tables.filter(({ name }) => !known.has(name)).map(({ name }) => name);
    if (manifest.format !== 1 || unknown.length > 0)
      throw new BackupError(
        `The backup of version ${manifest.version} cannot be restored by this version; unknown tables: ${unknown.join(', ')}`,
      );
    return manifest;
  }

  private async check(directory: string, { name, items, sha256 }: BackedUpTable): Promise<void> {
    const hash = createHash('sha256');
    let found = 0;
    try {
      for await (const line of linesOf(directory, name)) {
        hash.update(`${line}\n`);
        found += 1;
      }
    } catch (cause) {
      throw new BackupError(`The file of table ${name} cannot be read`, { cause });
    }
    if (found !== items || hash.digest('hex') !== sha256)
      throw new BackupError(`The file of table ${name} is incomplete or was modified: ${found} of ${items} records`);
  }

  private async requireEmpty(name: string): Promise<void> {
    const { Items = [] } = await this.client.send(new ScanCommand({ TableName: this.prefix + name, Limit: 1 }));
    if (Items.length > 0)
      throw new BackupError(`Table ${this.prefix}${name} is not empty`, {
        suggestion: 'Restore under another NEXUS_TABLE_PREFIX. After an interrupted restore, add --continue.',
      });
  }

  private async restoreTable(directory: string, name: string): Promise<void> {
    let batch: Item[] = [];
    for await (const line of linesOf(directory, name)) {
      batch.push(decoded(line));
      if (batch.length < WRITES) continue;
      await this.store(name, batch);
      batch = [];
    }
    if (batch.length > 0) await this.store(name, batch);
  }

  private async store(name: string, items: Item[]): Promise<void> {
    const table = this.prefix + name;
    let open = items.map((Item) => ({ PutRequest: { Item } }));
    for (let idle = 0; open.length > 0;) {
      const { UnprocessedItems } = await this.client.send(
        new BatchWriteItemCommand({ RequestItems: { [table]: open } }),
      );
      const left = (UnprocessedItems?.[table] ?? []) as typeof open;
      idle = left.length < open.length ? 0 : idle + 1;
      if (idle === IDLE_BATCHES) throw new BackupError(`The database accepts no more records for table ${table}`);
      open = left;
      if (open.length > 0) await pauseAfter(idle);
    }
  }
}

const fileOf = (directory: string, table: string): string => join(directory, `${table}.jsonl.gz`);

/** Fails on a file that was cut off, which readline alone would not notice. */
async function* linesOf(directory: string, table: string): AsyncGenerator<string> {
  const text = createGunzip();
  const reading = pipeline(createReadStream(fileOf(directory, table)), text, { end: true });
  reading.catch(() => undefined);
  yield* createInterface({ input: text, crlfDelay: Infinity });
  await reading;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const BYTES = 'base64';

/** Sorted names, so that equal records are equal lines. */
function encoded(item: Item): string {
  const text = JSON.stringify(item, (_name, value: unknown) => {
    if (value instanceof Uint8Array) return { [BYTES]: Buffer.from(value).toString('base64') };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  // JSON leaves them as they are, and readline ends a line at them.
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** An object with only this name is bytes: attribute values have names of one or two capitals, or are maps of such. */
function decoded(line: string): Item {
  return JSON.parse(line, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(BYTES in value)) return value;
    const { [BYTES]: text } = value;
    return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'base64')) : value;
  }) as Item;
}
