import { Module } from '@nestjs/common';
import { McpController } from './mcp.controller.js';

/** The Model Context Protocol. */
@Module({ controllers: [McpController] })
export class McpModule {}
