// What bench/flows.mjs --temporal compares flow runs with: a workflow of three activities.
import { proxyActivities } from '@temporalio/workflow';

export async function bare(number) {
  const { step } = proxyActivities({ startToCloseTimeout: '60s' });
  await step(number);
  await step(number);
  return step(number);
}
