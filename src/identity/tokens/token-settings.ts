import { keptSecret } from '../../platform/dynamodb/cursor-secret.js';
import type { Settings } from '../../platform/config/settings.js';

export const ACCESS_TOKEN_SECONDS = 900;
export const REFRESH_TOKEN_SECONDS = 7 * 86_400;
/** The only algorithm that is accepted, whatever a token's header says. */
export const ALGORITHM = 'HS256';
const KEY_FILE = 'tokens.key';

/** JWT_SECRET_KEY; without one (never in production) a key that is kept in the data directory, so that a restart signs nobody out. */
export function tokenSecret(settings: Settings): string | Buffer {
  return settings.get('JWT_SECRET_KEY') ?? keptSecret(settings.get('NEXUS_DATA_DIR'), KEY_FILE);
}
