import type { Intent } from '../intent.js';
import { beyondRulesIntent, translationIntent } from './beyond-rules.js';
import { calculatorIntent } from './calculator.js';
import { dateTimeIntent } from './date-time.js';
import { jsonQueryIntent } from './json-query.js';
import { knowledgeLookupIntent } from './knowledge-lookup.js';
import { namedToolIntent, otherToolsIntent } from './other-tools.js';
import { recallIntent, unknownFactIntent } from './recall.js';
import { smallTalkIntent } from './small-talk.js';
import { sortingIntent } from './sorting.js';
import { statementIntent } from './statements.js';
import { summaryIntent } from './summary.js';
import { textStatisticsIntent } from './text-statistics.js';
import { unitConversionIntent } from './unit-conversion.js';

/** Rules about a whole message, tried first: their text must not be taken apart into sentences. */
export const MESSAGE_INTENTS: readonly Intent[] = [
  namedToolIntent,
  jsonQueryIntent,
  textStatisticsIntent,
  summaryIntent,
  sortingIntent,
  translationIntent,
];

/** Rules about one sentence, the special before the general. */
export const SENTENCE_INTENTS: readonly Intent[] = [
  recallIntent,
  unitConversionIntent,
  dateTimeIntent,
  calculatorIntent,
  unknownFactIntent,
  beyondRulesIntent,
  smallTalkIntent,
  statementIntent,
  otherToolsIntent,
  knowledgeLookupIntent,
];
