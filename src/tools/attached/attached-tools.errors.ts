import { ConflictError, NotFoundError } from '../../shared/domain-error.js';

export class ToolNotFoundError extends NotFoundError {
  constructor(tool_id: string) {
    super('Tool', tool_id);
  }
}

/** Somebody attached a tool of that name at the same time, or its owner is being deleted. */
export class ToolConflictError extends ConflictError {
  constructor(name: string) {
    super(`The project has a tool "${name}" already, or is being deleted`, {
      details: { name },
      suggestion: 'Choose another name, or delete the other tool first.',
    });
  }
}
