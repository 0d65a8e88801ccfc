import { Module } from '@nestjs/common';
import { McpModule } from './mcp/mcp.module.js';
import { OpenAiModule } from './openai/openai.module.js';

/** The doors of the platform for clients that speak a protocol of their own. */
@Module({ imports: [McpModule, OpenAiModule] })
export class ProtocolsModule {}
