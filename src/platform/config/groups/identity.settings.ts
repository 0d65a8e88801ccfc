import { z } from 'zod';
import { flag } from '../setting-kinds.js';

/** Sign-in, tokens and who is who. */
export const identitySettings = {
  JWT_SECRET_KEY: z.string().optional(),
  NEXUS_DEVELOPMENT_PRINCIPAL: flag(false),
};
