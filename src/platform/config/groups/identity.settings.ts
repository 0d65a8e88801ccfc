import { z } from 'zod';
import { flag, integer } from '../setting-kinds.js';

/** No password of the platform is shorter. */
const SHORTEST_PASSWORD = 12;

/** Sign-in, tokens and who is who. */
export const identitySettings = {
  JWT_SECRET_KEY: z.string().optional(),
  JWT_ISSUER: z.string().min(1).default('nexus'),
  JWT_AUDIENCE: z.string().min(1).default('nexus-api'),
  NEXUS_ADMIN_EMAIL: z.email().default('admin@nexus.local'),
  NEXUS_ADMIN_PASSWORD: z.string().min(SHORTEST_PASSWORD).max(72).optional(),
  /** Lets anyone create an account and an organization. Invitations work either way. */
  NEXUS_ALLOW_REGISTRATION: flag(false),
  /** Fewer than 12 only in tests; see `load-settings.ts`. */
  NEXUS_BCRYPT_ROUNDS: integer(12, 4, 15),
};
