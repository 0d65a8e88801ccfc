import { Module } from '@nestjs/common';
import { AgentsModule } from '../../agents/agents.module.js';
import { InvocationsModule } from '../../invocations/invocations.module.js';
import { A2aAgents } from './a2a-agents.js';
import { A2aServer } from './a2a-server.js';

/** What serves the Agent2Agent protocol: with its SDK it takes memory, so `A2aController` loads it with the first request. */
@Module({ imports: [AgentsModule, InvocationsModule], providers: [A2aAgents, A2aServer] })
export class A2aServerModule {}
