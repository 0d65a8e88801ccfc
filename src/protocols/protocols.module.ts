import { Module } from '@nestjs/common';
import { McpModule } from './mcp/mcp.module.js';

/** The doors of the platform for clients that speak a protocol of their own. */
@Module({ imports: [McpModule] })
export class ProtocolsModule {}
