import { Module } from '@nestjs/common';
import { A2aModule } from './a2a/a2a.module.js';
import { FrontEndsModule } from './front-ends.module.js';
import { McpModule } from './mcp/mcp.module.js';
import { OpenAiModule } from './openai/openai.module.js';

/** The doors of the platform for clients that speak a protocol of their own. */
@Module({ imports: [McpModule, A2aModule, OpenAiModule, FrontEndsModule] })
export class ProtocolsModule {}
