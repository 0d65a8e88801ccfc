// Writes deploy/aws/nexus.template.yaml from the tables of the build. Usage: npm run aws:template
import { writeFileSync } from 'node:fs';
import type { TableDefinition } from '../../src/platform/database/table-definition.ts';
import { TEMPLATE_FILE, templateText } from './template.ts';

const build = new URL('../../dist/tables.js', import.meta.url).href;
const { TABLES } = (await import(build)) as { TABLES: TableDefinition[] };
writeFileSync(TEMPLATE_FILE, templateText(TABLES));
process.stdout.write(`${TEMPLATE_FILE}: ${TABLES.length} tables\n`);
