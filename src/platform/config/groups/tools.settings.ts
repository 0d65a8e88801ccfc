import { z } from 'zod';
import { flag } from '../setting-kinds.js';

const KEY_BYTES = 32;

const encryptionKeys = z
  .string()
  .optional()
  .transform((text, context): Buffer[] | undefined => {
    if (text === undefined) return undefined;
    const keys = text.split(',').map((key) => Buffer.from(key.trim(), 'base64'));
    if (keys.every((key) => key.length === KEY_BYTES)) return keys;
    context.addIssue({ code: 'custom', message: 'must be keys of 32 bytes in base64, separated by commas' });
    return z.NEVER;
  });

/** Tools of agents. */
export const toolSettings = {
  /** The first key seals stored credentials, all of them open; see {@link SecretBox}. */
  NEXUS_ENCRYPTION_KEY: encryptionKeys,
  /** Lets developers attach MCP servers that the platform starts as programs, with its rights on this machine. */
  NEXUS_ALLOW_STDIO_TOOLS: flag(false),
};
