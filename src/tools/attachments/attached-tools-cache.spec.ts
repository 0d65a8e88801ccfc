import type { AttachedTool } from './attached-tool.js';
import { AttachedToolsCache } from './attached-tools-cache.js';
import type { AttachedToolsRepository } from './attached-tools.repository.js';

const tool = (name: string, agent_id: string | null): AttachedTool => ({ name, agent_id }) as AttachedTool;

function cache(byProject: Record<string, AttachedTool[]>): { cache: AttachedToolsCache; reads: string[] } {
  const reads: string[] = [];
  const repository = {
    byProject: async (org_id: string, project_id: string) => {
      reads.push(`${org_id}/${project_id}`);
      return byProject[`${org_id}/${project_id}`] ?? [];
    },
  } as unknown as AttachedToolsRepository;
  return { cache: new AttachedToolsCache(repository), reads };
}

describe('AttachedToolsCache', () => {
  it('gives an agent what its project and it itself have, of its own organization', async () => {
    const { cache: tools } = cache({
      'acme/proj_1': [tool('shared', null), tool('own', 'proj_1:a'), tool('foreign', 'proj_1:b')],
    });
    expect((await tools.of('acme', 'proj_1:a')).map(({ name }) => name)).toEqual(['shared', 'own']);
    expect(await tools.of('other', 'proj_1:a')).toEqual([]);
    expect(await tools.of('acme', 'nameless')).toEqual([]);
  });

  it('asks the database once for many runs, also when there is nothing', async () => {
    const { cache: tools, reads } = cache({});
    await Promise.all(Array.from({ length: 50 }, () => tools.of('acme', 'proj_1:a')));
    for (let run = 0; run < 50; run++) await tools.of('acme', 'proj_1:b');
    expect(reads).toEqual(['acme/proj_1']);
  });

  it('looks again after a change, and after a failed read', async () => {
    const stored: Record<string, AttachedTool[]> = {};
    const { cache: tools, reads } = cache(stored);
    await tools.of('acme', 'proj_1:a');
    stored['acme/proj_1'] = [tool('new', null)];
    tools.forget('acme', 'proj_1');
    expect((await tools.of('acme', 'proj_1:a')).map(({ name }) => name)).toEqual(['new']);
    expect(reads).toHaveLength(2);
    let isDown = true;
    const failing = new AttachedToolsCache({
      byProject: async () => {
        if (isDown) throw new Error('down');
        return [];
      },
    } as unknown as AttachedToolsRepository);
    await expect(failing.of('acme', 'proj_1:a')).rejects.toThrow('down');
    isDown = false;
    expect(await failing.of('acme', 'proj_1:a')).toEqual([]);
  });
});
