import { Global, Module } from '@nestjs/common';
import { OutgoingHttp } from './outgoing-http.js';
import { OwnAddresses } from './guarded-lookup.js';

/** Calls to other hosts, for every feature that makes some. */
@Global()
@Module({ providers: [OutgoingHttp, OwnAddresses], exports: [OutgoingHttp, OwnAddresses] })
export class OutgoingModule {}
