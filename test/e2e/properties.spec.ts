import fc from 'fast-check';
import { startApp, type TestApp } from '../support/app.js';
import type { HttpClient } from '../support/http.js';
import { allPages } from '../support/pages.js';
import { registeredAgent } from '../support/registered-agent.js';
import { expectWellFormed } from '../support/well-formed.js';
import { histories, Workload } from '../support/workload.js';

const BUILD = { requirement: 'A calculator assistant that works out totals.' };

let app: TestApp;
/** Each run of a property has an organisation of its own. */
let organisations = 0;

beforeAll(async () => {
  // Builds wait for a slot for ever: what is looked at here are records.
  app = await startApp({ BUILD_SLOTS: '0' });
});
afterAll(() => app.close());

async function newOrganisation(): Promise<{ http: HttpClient; agent: string; project_id: string }> {
  const org_id = `org-${organisations++}`;
  const http = app.http.as(org_id);
  const { project_id } = (await http.post<{ project_id: string }>('/api/v1/projects', BUILD)).data;
  const { path } = await registeredAgent(app, { org_id, project_id });
  return { http, agent: path, project_id };
}

interface List {
  name: string;
  id: string;
  path: string;
  insert: () => Promise<string>;
}

const projectList = (http: HttpClient): List => ({
  name: 'projects',
  id: 'project_id',
  path: '/api/v1/projects',
  insert: async () => String((await http.post('/api/v1/projects', BUILD)).data['project_id']),
});
const sessionList = (http: HttpClient, agent: string): List => ({
  name: 'sessions',
  id: 'session_id',
  path: `${agent}/sessions`,
  insert: async () => String((await http.post(`${agent}/sessions`, {})).data['session_id']),
});

async function messageList(http: HttpClient, agent: string): Promise<List> {
  const path = `/api/v1/sessions/${await sessionList(http, agent).insert()}/messages`;
  const note = { role: 'system', content: 'Be brief.' };
  const insert = async (): Promise<string> => String((await http.post(path, note)).data['message_id']);
  return { name: 'messages', id: 'message_id', path, insert };
}

const LISTS: [string, (http: HttpClient, agent: string) => List | Promise<List>][] = [
  ['projects', projectList],
  ['sessions', sessionList],
  ['messages', messageList],
];

describe('cursors', () => {
  it.each(LISTS)('of %s visit each record once while others are inserted', async (_name, listOf) => {
    const sizes = { count: fc.integer({ min: 0, max: 12 }), limit: fc.integer({ min: 1, max: 5 }) };
    const meanwhile = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.record({ ...sizes, meanwhile }), async ({ count, limit, meanwhile: inserts }) => {
        const { http, agent, project_id } = await newOrganisation();
        const { name: list, id, path, insert } = await listOf(http, agent);
        const before = list === 'projects' ? [project_id] : [];
        before.push(...(await Promise.all(Array.from({ length: count }, insert))));
        const added: string[] = [];
        let page = 0;
        const records = await allPages<Record<string, string>>(http, { path, list, limit }, async () => {
          for (let left = inserts[page++] ?? 0; left > 0; left--) added.push(await insert());
        });
        const visited = records.map((record) => record[id] ?? '');
        expect(new Set(visited).size).toBe(visited.length);
        expect(visited.filter((one) => !added.includes(one)).sort()).toEqual(before.sort());
      }),
      { numRuns: 12 },
    );
  });
});

describe('whatever callers do', () => {
  it('ids are unique and named after what they are of, times are UTC and in order', async () => {
    const ids: string[] = [];
    await fc.assert(
      fc.asyncProperty(histories(12), async (moves) => {
        const { http, agent, project_id } = await newOrganisation();
        const workload = new Workload(http, [agent]);
        for (const move of moves) await workload.make(move);
        const reads = [
          `/api/v1/projects/${project_id}`,
          agent,
          `${agent}/sessions`,
          `${agent}/invocations`,
          '/api/v1/projects',
        ];
        const talks = workload.sessions.flatMap((id) => [`/api/v1/sessions/${id}`, `/api/v1/sessions/${id}/messages`]);
        const answers = await Promise.all([...reads, ...talks].map((path) => http.get(path)));
        for (const answer of [...answers, ...workload.answers]) expectWellFormed(answer.body);
        ids.push(project_id, ...workload.made);
      }),
      { numRuns: 15 },
    );
    expect(repeated(ids)).toEqual([]);
  });

  it('a conversation holds what was said in it, in order and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(histories(14), async (moves) => {
        const { http, agent } = await newOrganisation();
        const workload = new Workload(http, [agent]);
        for (const move of moves.filter(({ kind }) => kind !== 'leave')) await workload.make(move);
        const path = (id: string): string => `/api/v1/sessions/${id}/messages`;
        const conversations = await Promise.all(
          workload.sessions.map((id) => allPages<Said>(http, { path: path(id), list: 'messages', limit: 3 })),
        );
        expect(conversations.flat()).toHaveLength(workload.messages);
        for (const said of conversations) {
          expect(said.map(({ created_at }) => created_at)).toEqual(said.map(({ created_at }) => created_at).sort());
          for (const [index, { role }] of said.entries())
            if (role === 'user') expect(said[index + 1]?.role).toBe('assistant');
        }
      }),
      { numRuns: 12 },
    );
  });
});

interface Said {
  role: string;
  created_at: string;
}

function repeated(ids: string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}
