import { flag } from '../setting-kinds.js';

/** Calls to other hosts. */
export const outgoingSettings = {
  /** Lets the platform call private and loopback addresses that a user names. Cloud metadata and its own ports stay refused. */
  NEXUS_ALLOW_PRIVATE_ADDRESSES: flag(false),
};
