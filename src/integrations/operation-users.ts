import { Injectable } from '@nestjs/common';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';

/** What uses an operation. */
export interface OperationUser {
  kind: 'tool' | 'flow';
  /** The id of the tool or flow. */
  id: string;
  name: string;
  project_id: string | null;
  /** Null: every agent of the project, or none. */
  agent_id: string | null;
  operation_ids: string[];
}

type FindUsers = (org_id: string, integration_id: string) => Promise<OperationUser[]>;

/** What uses the operations of integrations: attached tools, and what higher floors register. */
@Injectable()
export class OperationUsers {
  private readonly others: FindUsers[] = [];

  constructor(private readonly tools: AttachedToolStore) {}

  /** For features above integrations, such as flows. Call it in the constructor of their module. */
  register(find: FindUsers): void {
    this.others.push(find);
  }

  /** Those that use one of the operations. Reads every attached tool of the organization. */
  async of(org_id: string, integration_id: string, operation_ids: ReadonlySet<string>): Promise<OperationUser[]> {
    if (operation_ids.size === 0) return [];
    const tools = (await this.tools.byOrg(org_id)).flatMap(
      ({ tool_id, name, project_id, agent_id, config, operations }): OperationUser[] =>
        config.kind === 'integration' && config.integration_id === integration_id
          ? [
              {
                kind: 'tool',
                id: tool_id,
                name,
                project_id,
                agent_id,
                operation_ids: operations.map(({ operation }) => operation),
              },
            ]
          : [],
    );
    const others = await Promise.all(this.others.map((find) => find(org_id, integration_id)));
    return [...tools, ...others.flat()].flatMap((user) => {
      const used = user.operation_ids.filter((id) => operation_ids.has(id));
      return used.length > 0 ? [{ ...user, operation_ids: used }] : [];
    });
  }
}
