import { Module } from '@nestjs/common';
import { AgentsModule } from '../../agents/agents.module.js';
import { InvocationsModule } from '../../invocations/invocations.module.js';
import { A2aController } from './a2a.controller.js';
import { A2aAgents } from './a2a-agents.js';

/** The Agent2Agent protocol. */
@Module({ imports: [AgentsModule, InvocationsModule], controllers: [A2aController], providers: [A2aAgents] })
export class A2aModule {}
