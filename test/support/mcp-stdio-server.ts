/** An MCP server as a program: started by the platform under test. */
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { mcpServer } from './tool-services.ts';

await mcpServer(() => process.exit(1)).connect(new StdioServerTransport());
