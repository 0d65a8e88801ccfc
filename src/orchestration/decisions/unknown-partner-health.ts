import { Injectable } from '@nestjs/common';
import { PartnerHealth, type PartnerHealthView } from './partner-health.port.js';

/** For a platform that measures no partners: nothing is known of any. */
@Injectable()
export class UnknownPartnerHealth extends PartnerHealth {
  override of(): Promise<PartnerHealthView[]> {
    return Promise.resolve([]);
  }
}
