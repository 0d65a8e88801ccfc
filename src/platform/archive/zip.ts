import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';

const deflate = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);
const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_SIZE = 22;
/** Of the comment behind the end record. */
const COMMENT_MAX = 65_535;
const DEFLATED = 8;
/** 1 January 1980: the same files give the same bytes. */
const DOS_DATE = 0x21;
const UTF8 = 0x0800;
const VERSION = 20;
const REGULAR_FILE = 0o100644;

/** An archive that is not a ZIP archive, or beyond the limits. The message continues "the archive ". */
export class ZipFault extends Error {}

/** Packs files, sorted by path. The same files give the same bytes. Compression runs outside of the event loop. */
export async function zip(files: Readonly<Record<string, Uint8Array | string>>): Promise<Buffer> {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const paths = Object.keys(files).toSorted((a, b) => (a < b ? -1 : 1));
  for (const path of paths) {
    const content = Buffer.from(files[path] ?? '');
    const packed = await deflate(content, { level: 6 });
    const name = Buffer.from(path);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(VERSION, 0);
    fields.writeUInt16LE(UTF8, 2);
    fields.writeUInt16LE(DEFLATED, 4);
    fields.writeUInt16LE(DOS_DATE, 8);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.byteLength, 14);
    fields.writeUInt32LE(content.byteLength, 18);
    fields.writeUInt16LE(name.byteLength, 22);
    const local = Buffer.concat([uint32(LOCAL), fields, name, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(REGULAR_FILE * 0x10000, 6);
    rest.writeUInt32LE(offset, 10);
    // Made on Unix, so that the file modes count.
    directory.push(uint32(CENTRAL), Buffer.from([VERSION, 3]), fields, rest, name);
    parts.push(local);
    offset += local.byteLength;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(END_SIZE);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(paths.length, 8);
  end.writeUInt16LE(paths.length, 10);
  end.writeUInt32LE(central.byteLength, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** Unpacks an archive into memory. @throws ZipFault, also when it holds more files or bytes than the limits allow */
export async function unzip(
  archive: Uint8Array,
  { files_max, bytes_max }: { files_max: number; bytes_max: number },
): Promise<Record<string, Buffer>> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const files: Record<string, Buffer> = {};
  let left = bytes_max;
  try {
    const end = bytes.lastIndexOf(uint32(END));
    if (end < 0 || end > bytes.byteLength - END_SIZE || end < bytes.byteLength - END_SIZE - COMMENT_MAX)
      throw new ZipFault('is not a ZIP archive');
    const count = bytes.readUInt16LE(end + 10);
    if (count > files_max) throw new ZipFault(`contains more than ${files_max} files`);
    let at = bytes.readUInt32LE(end + 16);
    for (let index = 0; index < count; index++) {
      if (bytes.readUInt32LE(at) !== CENTRAL) throw new ZipFault('is damaged');
      const method = bytes.readUInt16LE(at + 10);
      const packed = bytes.readUInt32LE(at + 20);
      const [name, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place)) as [
        number,
        number,
        number,
      ];
      const local = bytes.readUInt32LE(at + 42);
      const path = bytes.toString('utf8', at + 46, at + 46 + name);
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const body = bytes.subarray(start, start + packed);
      const isStored = method === 0;
      if (!isStored && method !== DEFLATED) throw new ZipFault(`compresses ${path} with an unsupported method`);
      if (left <= 0) throw new ZipFault(`contains more than ${bytes_max} bytes`);
      const content = isStored ? body : await inflate(body, { maxOutputLength: left });
      left -= content.byteLength;
      if (crc32(content) !== bytes.readUInt32LE(at + 16)) throw new ZipFault('is damaged');
      if (!path.endsWith('/')) files[path] = content;
      at += 46 + name + extra + comment;
    }
  } catch (error) {
    if (error instanceof ZipFault) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : '';
    throw new ZipFault(code === 'ERR_BUFFER_TOO_LARGE' ? `contains more than ${bytes_max} bytes` : 'is damaged');
  }
  return files;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
