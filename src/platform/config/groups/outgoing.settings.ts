import { optionalFlag } from '../setting-kinds.js';

/** Calls to other hosts. */
export const outgoingSettings = {
  /** Undefined: allowed in development and tests, refused in production. */
  NEXUS_ALLOW_PRIVATE_ADDRESSES: optionalFlag,
};
