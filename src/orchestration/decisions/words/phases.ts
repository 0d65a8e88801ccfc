/** Of what is approved, in order. */
export const PHASES = ['Planning', 'Development', 'Deployment'] as const;
/** What is not approved is reconsidered. */
export type PhaseName = (typeof PHASES)[number] | 'Reconsideration';
