/**
 * The steps of a build, one line each; `stages/stage-table.ts` says in which order they run. A step of that table
 * without a line here does not compile.
 */
export { step as orchestrator } from './orchestrator/step.js';
export { step as requirements_analysis } from './requirements-analysis/step.js';
export { step as system_architecture } from './system-architecture/step.js';
export { step as agent_design } from './agent-design/step.js';
export { step as tool_developer } from './tool-developer/step.js';
export { step as prompt_engineer } from './prompt-engineer/step.js';
export { step as agent_code_developer } from './agent-code-developer/step.js';
export { step as agent_deployer } from './agent-deployer/step.js';
