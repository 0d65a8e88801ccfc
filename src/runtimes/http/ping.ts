import { z } from 'zod';

const pingSchema = z.object({ status: z.enum(['Healthy', 'HealthyBusy']) });

/** What is wrong with the answer to a ping; undefined when the container can take calls. A busy one can. */
export function pingProblem(status: number, body: string): string | undefined {
  if (status !== 200) return `GET /ping answered ${status}`;
  try {
    return pingSchema.safeParse(JSON.parse(body)).success
      ? undefined
      : 'GET /ping did not answer {"status":"Healthy"} or "HealthyBusy"';
  } catch {
    return 'GET /ping did not answer JSON';
  }
}
