import type { ToolContext } from './tool.js';

/** Whose run asks for tools, and what they may know about it. */
export interface ToolRun extends ToolContext {
  org_id: string;
  /** `<project_id>:<name>`; what is attached to it and to its project comes along. */
  agent_id: string;
}
