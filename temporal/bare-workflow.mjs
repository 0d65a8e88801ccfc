// What bench/flows.mjs --temporal compares flow runs with: a workflow of activities, one after the other.
import { proxyActivities } from '@temporalio/workflow';

export async function bare(number, activities) {
  const { step } = proxyActivities({ startToCloseTimeout: '60s' });
  for (let done = 0; done < activities; done++) await step(number);
}
