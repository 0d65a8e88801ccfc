import type { Tool } from '../../tool.js';
import { calculator } from './calculator.tool.js';
import { dateTime } from './date-time.tool.js';
import { jsonQuery } from './json-query.tool.js';
import { knowledgeLookup } from './knowledge-lookup.tool.js';
import { textStatistics } from './text-statistics.tool.js';
import { unitConversion } from './unit-conversion.tool.js';

export const builtinTools: readonly Tool[] = [
  calculator,
  dateTime,
  unitConversion,
  textStatistics,
  jsonQuery,
  knowledgeLookup,
];
