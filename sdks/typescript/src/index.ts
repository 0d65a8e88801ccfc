export * from './errors.js';
export type { BuildEvent, FlowRunEvent, FollowOptions, ImportEvent, RunEvent } from './events.js';
export { type DataOf, type InputOf, type ItemOf, Nexus, type NexusOptions, type WaitOptions } from './nexus.js';
export * from './generated/index.js';
