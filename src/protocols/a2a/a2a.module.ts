import { Module } from '@nestjs/common';
import { InvocationsModule } from '../../invocations/invocations.module.js';
import { A2aController } from './a2a.controller.js';
import { A2aPushes } from './a2a-pushes.js';

/** The Agent2Agent protocol. */
@Module({ imports: [InvocationsModule], controllers: [A2aController], providers: [A2aPushes] })
export class A2aModule {}
