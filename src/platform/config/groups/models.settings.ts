import { z } from 'zod';

/** Language models. */
export const modelSettings = {
  MODEL_PROVIDER: z.enum(['offline']).default('offline'),
  MODEL_ID: z.string().min(1).optional(),
};
