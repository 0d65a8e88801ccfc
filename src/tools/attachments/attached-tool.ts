import type { SealedSecret } from '../../platform/secrets/secret-box.js';
import { ConflictError, NotFoundError } from '../../shared/domain-error.js';
import type { OwnCredential } from '../kinds/credentials.js';
import type { ToolOperation } from '../kinds/tool-kind.js';
import type { ToolConfig } from '../kinds/tool-kinds.js';

/** A tool outside the platform. It never changes: to change it, delete it and attach it again. */
export interface AttachedTool {
  tool_id: string;
  org_id: string;
  project_id: string;
  /** Null: every agent of the project has it. */
  agent_id: string | null;
  name: string;
  description: string;
  config: ToolConfig;
  credential: { type: OwnCredential['type']; sealed: SealedSecret } | null;
  /** A stored credential that calls present instead. Tools of version 1.0.0 have none. */
  credential_id?: string;
  operations: ToolOperation[];
  created_by: string;
  created_at: string;
}

/** The context that a stored credential is bound to when it is sealed. */
export const credentialBinding = ({ org_id, tool_id }: Pick<AttachedTool, 'org_id' | 'tool_id'>): string =>
  `tool:${org_id}:${tool_id}`;

export class ToolNotFoundError extends NotFoundError {
  constructor(tool_id: string) {
    super('Tool', tool_id);
  }
}

/** The name is taken, perhaps by a concurrent request, or the owner is being deleted. */
export class ToolConflictError extends ConflictError {
  constructor(name: string) {
    super(`The project already has a tool "${name}", or is being deleted`, {
      details: { name },
      suggestion: 'Choose another name, or delete the other tool first.',
    });
  }
}
