import { Injectable } from '@nestjs/common';
import type { AttachedTool } from './attached-tool.js';
import { AttachedToolsRepository } from './attached-tools.repository.js';

/** So long a change made by another process may go unnoticed, in milliseconds. */
const FRESH_MS = 5_000;
/** Beyond that a run still gets the old answer while the new one is read; after this it waits. */
const STALE_MS = 30_000;
const PROJECTS_MAX = 1_000;

interface Entry {
  tools: Promise<AttachedTool[]>;
  read_at: number;
  isReading: boolean;
}

/**
 * What each project has, kept for seconds: a run of an agent without attached tools costs no call to the database. Entries are
 * of one organization and project; the oldest goes when there are too many.
 */
@Injectable()
export class AttachedToolsCache {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly repository: AttachedToolsRepository) {}

  /** The tools of the agent and of its project. @param agent_id `<project_id>:<name>` */
  async of(org_id: string, agent_id: string): Promise<AttachedTool[]> {
    const project_id = agent_id.slice(0, Math.max(0, agent_id.lastIndexOf(':')));
    if (project_id === '') return [];
    const tools = await this.byProject(org_id, project_id);
    return tools.filter((tool) => tool.agent_id === null || tool.agent_id === agent_id);
  }

  forget(org_id: string, project_id: string): void {
    this.entries.delete(keyOf(org_id, project_id));
  }

  private byProject(org_id: string, project_id: string): Promise<AttachedTool[]> {
    const key = keyOf(org_id, project_id);
    const known = this.entries.get(key);
    const age = known ? performance.now() - known.read_at : Infinity;
    if (known && (age < FRESH_MS || known.isReading)) return known.tools;
    const reading = this.read(key, org_id, project_id, known);
    return known && age < STALE_MS ? known.tools : reading;
  }

  private read(key: string, org_id: string, project_id: string, known: Entry | undefined): Promise<AttachedTool[]> {
    const tools = this.repository.byProject(org_id, project_id);
    const begun: Entry = known ?? { tools, read_at: performance.now(), isReading: true };
    begun.isReading = true;
    this.keep(key, begun);
    tools.then(
      () => {
        if (this.entries.get(key) === begun) this.keep(key, { tools, read_at: performance.now(), isReading: false });
      },
      () => {
        if (this.entries.get(key) === begun) this.entries.delete(key);
      },
    );
    return tools;
  }

  private keep(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > PROJECTS_MAX && oldest !== undefined) this.entries.delete(oldest);
  }
}

const keyOf = (org_id: string, project_id: string): string => `${org_id}#${project_id}`;
