import { DocumentReader } from '../tools/documents/document-reader.js';
import { Ids } from '../shared/ids.js';
import type { MessagesRepository } from './messages.repository.js';
import { newSession } from './session.js';
import type { SessionDocumentsRepository } from './session-documents.repository.js';
import { SessionMemory } from './session-memory.service.js';
import type { SessionsRepository } from './sessions.repository.js';
import type { SessionsService } from './sessions.service.js';

const AT = '2026-11-20T10:00:00.000Z';
const session = {
  ...newSession({ org_id: 'org_a', user_id: 'usr_a', agent_id: 'proj:agent' }, 'sess_1', AT),
  message_count: 4,
};

function memoryOf({ exists = true } = {}) {
  const stored: { name: string; content: string }[] = [];
  const asked: string[] = [];
  const rows = Array.from({ length: 9 }, (_, index) => ({
    sequence: index + 1,
    role: 'user',
    content: `m${index + 1}`,
  }));
  let listed = 0;
  const memory = new SessionMemory(
    { getOfAgent: async () => session } as unknown as SessionsService,
    { addDocuments: async () => exists } as unknown as SessionsRepository,
    {
      listLast: async (_org: string, _id: string, limit: number, upTo: number) => {
        asked.push(`last ${limit} up to ${upTo}`);
        return rows.filter(({ sequence }) => sequence <= upTo).slice(-limit);
      },
      listFrom: async (_org: string, _id: string, { limit, from }: { limit: number; from: number }) => {
        asked.push(`${limit} from ${from}`);
        return rows.filter(({ sequence }) => sequence >= from).slice(0, limit);
      },
    } as unknown as MessagesRepository,
    {
      create: async (_org: string, _id: string, document: { name: string; content: string }) =>
        void stored.push(document),
      listBySession: async () => {
        listed += 1;
        return stored;
      },
    } as unknown as SessionDocumentsRepository,
    new Ids(),
    new DocumentReader(),
  );
  return { memory, stored, asked, rows, listed: () => listed };
}
const file = (name: string, bytes: Buffer) => ({ name, content_type: 'text/plain', bytes });

describe('the history of a session', () => {
  it('is what was said when the session was read, without messages that arrived later', async () => {
    const { memory } = memoryOf();
    expect((await memory.history(session, 2)).map(({ content }) => content)).toEqual(['m3', 'm4']);
    expect((await memory.history(session, 100)).map(({ content }) => content)).toEqual(['m1', 'm2', 'm3', 'm4']);
  });

  it('is read once: later turns read what was added', async () => {
    const { memory, asked } = memoryOf();
    const said = async (message_count: number, limit: number) =>
      (await memory.history({ ...session, message_count }, limit)).map(({ content }) => content).join();
    expect(await said(4, 3)).toBe('m2,m3,m4');
    expect(await said(6, 3)).toBe('m4,m5,m6');
    expect(await said(6, 5)).toBe('m2,m3,m4,m5,m6');
    expect(await said(6, 6)).toBe('m1,m2,m3,m4,m5,m6');
    expect(await said(8, 100)).toBe('m1,m2,m3,m4,m5,m6,m7,m8');
    expect(await said(5, 2)).toBe('m4,m5');
    expect(asked).toEqual(['last 3 up to 4', '2 from 5', 'last 6 up to 6', '2 from 7', 'last 2 up to 5']);
  });

  it('is read again after a message was deleted, and does not reach beyond the session where one is missing', async () => {
    const { memory, rows } = memoryOf();
    const said = async (changed: Partial<typeof session & { messages_deleted: number }>) =>
      (await memory.history({ ...session, ...changed }, 10)).map(({ content }) => content).join();
    expect(await said({})).toBe('m1,m2,m3,m4');
    rows.splice(4, 1);
    expect(await said({ message_count: 6 })).toBe('m1,m2,m3,m4,m6');
    rows.splice(1, 1);
    expect(await said({ message_count: 6, messages_deleted: 1 })).toBe('m1,m3,m4,m6');
    expect(await said({ message_count: 7, messages_deleted: 1 })).toBe('m1,m3,m4,m6,m7');
  });

  it('of an empty session is not read', async () => {
    const { memory, asked } = memoryOf();
    expect(await memory.history({ ...session, message_count: 0 }, 10)).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe('the documents of a session', () => {
  it('are read once for each number of documents', async () => {
    const { memory, listed } = memoryOf();
    await memory.upload(session, [file('a.txt', Buffer.from('alpha'))]);
    for (const document_count of [1, 1, 2, 2]) await memory.documents({ ...session, document_count });
    expect(listed()).toBe(2);
    expect(await memory.documents({ ...session, document_count: 0 })).toEqual([]);
  });

  it.each([
    ['no file', []],
    ['bytes that are not UTF-8', [file('good.txt', Buffer.from('good')), file('bad.txt', Buffer.from([0xff, 0xfe]))]],
    ['a null character', [file('null.txt', Buffer.from('a\u0000b'))]],
  ])('are refused with %s, and none is stored', async (_, files) => {
    const { memory, stored } = memoryOf();
    await expect(memory.upload(session, files)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { fields: { files: [expect.any(String)] } },
    });
    expect(stored).toEqual([]);
  });

  it('of a session that was deleted meanwhile are not found', async () => {
    const { memory } = memoryOf({ exists: false });
    await expect(memory.upload(session, [file('a.txt', Buffer.from('a'))])).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });
});
