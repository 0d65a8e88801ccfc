import { Global, Module } from '@nestjs/common';
import { OutgoingHttp } from './outgoing-http.js';

/** Calls to other hosts, for every feature that makes some. */
@Global()
@Module({ providers: [OutgoingHttp], exports: [OutgoingHttp] })
export class OutgoingModule {}
