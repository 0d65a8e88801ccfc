import type { AttachedTool } from './attached-tool.js';
import type { SecretBox } from '../../platform/secrets/secret-box.js';
import type { ToolKinds } from '../kinds/tool-kinds.js';
import { AttachedToolStore } from './attached-tool-store.js';
import type { AttachedToolsRepository } from './attached-tools.repository.js';

const tool = (name: string, agent_id: string | null): AttachedTool => ({ name, agent_id }) as AttachedTool;

const kinds = { get: () => ({ release: async () => undefined }) } as unknown as ToolKinds;
const storeOn = (repository: Partial<AttachedToolsRepository>): AttachedToolStore =>
  new AttachedToolStore(repository as AttachedToolsRepository, kinds, {} as SecretBox);

function cache(byProject: Record<string, AttachedTool[]>): { cache: AttachedToolStore; reads: string[] } {
  const reads: string[] = [];
  const repository = {
    byProject: async (org_id: string, project_id: string) => {
      reads.push(`${org_id}/${project_id}`);
      return byProject[`${org_id}/${project_id}`] ?? [];
    },
    delete: async () => undefined,
  };
  return { cache: storeOn(repository), reads };
}

describe('the known tools of a project', () => {
  it('gives an agent what its project and it itself have, of its own organisation', async () => {
    const { cache: tools } = cache({
      'acme/proj_1': [tool('shared', null), tool('own', 'proj_1:a'), tool('foreign', 'proj_1:b')],
    });
    expect((await tools.ofAgent('acme', 'proj_1:a')).map(({ name }) => name)).toEqual(['shared', 'own']);
    expect(await tools.ofAgent('other', 'proj_1:a')).toEqual([]);
    expect(await tools.ofAgent('acme', 'nameless')).toEqual([]);
  });

  it('asks the database once for many runs, also when there is nothing', async () => {
    const { cache: tools, reads } = cache({});
    await Promise.all(Array.from({ length: 50 }, () => tools.ofAgent('acme', 'proj_1:a')));
    for (let run = 0; run < 50; run++) await tools.ofAgent('acme', 'proj_1:b');
    expect(reads).toEqual(['acme/proj_1']);
  });

  it('looks again after a change, and after a failed read', async () => {
    const stored: Record<string, AttachedTool[]> = {};
    const { cache: tools, reads } = cache(stored);
    await tools.ofAgent('acme', 'proj_1:a');
    stored['acme/proj_1'] = [tool('new', null)];
    await tools.delete({
      ...tool('old', null),
      org_id: 'acme',
      project_id: 'proj_1',
      config: { kind: 'mcp' },
    } as AttachedTool);
    expect((await tools.ofAgent('acme', 'proj_1:a')).map(({ name }) => name)).toEqual(['new']);
    expect(reads).toHaveLength(2);
    let isDown = true;
    const failing = storeOn({
      byProject: async () => {
        if (isDown) throw new Error('down');
        return [];
      },
    });
    await expect(failing.ofAgent('acme', 'proj_1:a')).rejects.toThrow('down');
    isDown = false;
    expect(await failing.ofAgent('acme', 'proj_1:a')).toEqual([]);
  });
});
