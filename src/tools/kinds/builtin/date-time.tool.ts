import { z } from 'zod';
import { lazily } from '../../../platform/async/lazily.js';
import { defineTool } from '../../tool.js';

const loadDates = lazily(() => import('./dates.js'));

const text = () => z.string().min(1).max(100);

export const dateTime = defineTool({
  name: 'date_time',
  display_name: 'Date and time',
  description:
    'Tells the date and time in a zone (operation "now"), converts a moment between zones ("convert"), counts the time between two moments ("difference") and adds to a moment ("add"; a negative amount subtracts). Dates are ISO 8601, zones IANA names or well-known cities.',
  schema: z.object({
    operation: z.enum(['now', 'convert', 'difference', 'add']),
    zone: text().default('UTC').describe('now: the zone asked for; otherwise the zone of dates that carry none'),
    date: text()
      .optional()
      .describe(
        'convert, difference, add: the moment to start from, ISO 8601; also "now", "today", "tomorrow", "15:30" (today), "12-25" (its next occurrence) and words such as "December 25, 2026"',
      ),
    other_date: text().optional().describe('difference: the moment to end at'),
    to_zone: text().optional().describe('convert: the zone to show the moment in'),
    amount: z.number().min(-1e9).max(1e9).optional().describe('add: how much'),
    unit: z
      .enum(['seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'quarters', 'years', 'business_days'])
      .default('days')
      .describe('difference, add: the unit'),
  }),
  examples: [
    {
      input: { operation: 'difference', date: '2024-01-01', other_date: '2024-12-25', unit: 'days' },
      expected: { value: 359, unit: 'days' },
    },
    {
      input: { operation: 'convert', date: '2024-07-01T12:00', zone: 'Europe/London', to_zone: 'Asia/Tokyo' },
      expected: { iso: '2024-07-01T20:00:00.000+09:00' },
    },
    {
      input: { operation: 'add', date: '2024-01-31', amount: 1, unit: 'months' },
      expected: { date: '2024-02-29', weekday: 'Thursday' },
    },
  ],
  keywords: [
    'dates?',
    'time',
    'time ?zones?',
    'calendars?',
    'schedul\\p{L}*',
    'deadlines?',
    'days? (?:until|between|left)',
    'today',
    'tomorrow',
    'meetings?',
    'appointments?',
    'reminders?',
    'countdowns?',
    'birthdays?',
    'weekdays?',
    'itinerar(?:y|ies)',
    'travel\\p{L}*',
    'trips?',
    'due',
    'age',
    'planner',
  ],
  run: async (input, { now }) => {
    const { addTo, convertZone, difference, nowIn } = await loadDates();
    switch (input.operation) {
      case 'now':
        return nowIn(now(), input.zone);
      case 'convert':
        return convertZone(input, now());
      case 'difference':
        return difference(input, now());
      case 'add':
        return addTo(input, now());
    }
  },
});
