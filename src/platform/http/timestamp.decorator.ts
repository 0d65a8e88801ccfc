import { applyDecorators } from '@nestjs/common';
import { IsISO8601, Matches } from 'class-validator';

const CALENDAR_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i;

/**
 * A calendar date, or one with a time: `2026-11-20` or `2026-11-20T10:00:00Z`. ISO 8601 has week dates and ordinal dates too,
 * which JavaScript does not read.
 */
export const IsTimestamp = () =>
  applyDecorators(
    IsISO8601({ strict: true }),
    Matches(CALENDAR_TIME, { message: '$property must be a date and time such as 2026-11-20T10:00:00Z' }),
  );
