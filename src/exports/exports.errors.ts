import { DomainError } from '../shared/domain-error.js';
import type { ExportReason } from './package.js';

/** The export would carry something that must not leave, or that could not be used elsewhere. `details.reasons` lists every reason. */
export class ExportRefusedError extends DomainError {
  override readonly code = 'EXPORT_REFUSED';

  constructor(reasons: readonly ExportReason[]) {
    const [first] = reasons;
    const more =
      reasons.length > 1 ? ` (and ${reasons.length - 1} more ${reasons.length === 2 ? 'reason' : 'reasons'})` : '';
    super(`The export is refused: ${first?.message ?? 'a critical check failed'}${more}`, { details: { reasons } });
  }
}
