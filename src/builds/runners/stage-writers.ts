import type { OfflineWriter } from '../../models/offline/offline-writers.js';
import { writePackageText } from './agent-code-developer/agent-code-developer.offline.js';
import { PACKAGE_TASK } from './agent-code-developer/agent-code-developer.prompt.js';
import { writeDesign } from './agent-design/agent-design.offline.js';
import { DESIGN_TASK } from './agent-design/agent-design.prompt.js';
import { writePlan } from './orchestrator/orchestrator.offline.js';
import { PLAN_TASK } from './orchestrator/orchestrator.prompt.js';
import { writePromptParts } from './prompt-engineer/prompt-engineer.offline.js';
import { PROMPT_TASK } from './prompt-engineer/prompt-engineer.prompt.js';
import { writeRequirements } from './requirements-analysis/requirements-analysis.offline.js';
import { REQUIREMENTS_TASK } from './requirements-analysis/requirements-analysis.prompt.js';
import { writeArchitecture } from './system-architecture/system-architecture.offline.js';
import { ARCHITECTURE_TASK } from './system-architecture/system-architecture.prompt.js';
import { writeToolNotes } from './tool-developer/tool-developer.offline.js';
import { TOOL_NOTES_TASK } from './tool-developer/tool-developer.prompt.js';

/** How the offline model writes each document of a build. */
export const STAGE_WRITERS: ReadonlyMap<string, OfflineWriter> = new Map<string, OfflineWriter>([
  [PLAN_TASK.name, writePlan],
  [REQUIREMENTS_TASK.name, writeRequirements],
  [ARCHITECTURE_TASK.name, writeArchitecture],
  [DESIGN_TASK.name, writeDesign],
  [TOOL_NOTES_TASK.name, writeToolNotes],
  [PROMPT_TASK.name, writePromptParts],
  [PACKAGE_TASK.name, writePackageText],
]);
