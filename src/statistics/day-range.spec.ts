import { ValidationError } from '../shared/domain-error.js';
import { dayRange, daysOf } from './statistics-queries.js';

const now = new Date('2026-11-20T22:34:09.000Z');

function fieldsOf(asked: { start_date?: string; end_date?: string }): unknown {
  try {
    return dayRange(asked, now);
  } catch (error) {
    if (error instanceof ValidationError) return Object.keys(error.details['fields'] as object);
    throw error;
  }
}

describe('the days that a request asks for', () => {
  it('are the last 30 with today by default', () => {
    const range = dayRange({}, now);
    expect(range).toEqual({ start: '2026-10-22', end: '2026-11-20' });
    expect(daysOf(range)).toHaveLength(30);
  });

  it('end today when only the first is given', () => {
    expect(dayRange({ start_date: '2026-11-01' }, now)).toEqual({ start: '2026-11-01', end: '2026-11-20' });
  });

  it('are the 30 days until the last when only that is given', () => {
    expect(dayRange({ end_date: '2026-03-01' }, now)).toEqual({ start: '2026-01-31', end: '2026-03-01' });
  });

  it('may be a single one, also in the future', () => {
    expect(daysOf(dayRange({ start_date: '2027-01-01' }, now))).toEqual(['2027-01-01']);
  });

  it('go over months, leap days and years in order', () => {
    const days = daysOf(dayRange({ start_date: '2024-02-28', end_date: '2024-03-01' }, now));
    expect(days).toEqual(['2024-02-28', '2024-02-29', '2024-03-01']);
  });

  it('are at most 366', () => {
    expect(daysOf(dayRange({ start_date: '2024-01-01', end_date: '2024-12-31' }, now))).toHaveLength(366);
    expect(fieldsOf({ start_date: '2024-01-01', end_date: '2025-01-01' })).toEqual(['end_date']);
  });

  it.each([
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-1-1',
    '20261120',
    '2026-11-20T00:00:00Z',
    '',
    ' 2026-11-20',
    '0000-01-01',
  ])('are refused by name for %p', (date) => {
    expect(fieldsOf({ start_date: date })).toEqual(['start_date']);
    expect(fieldsOf({ end_date: date })).toEqual(['end_date']);
  });

  it('are refused when the first is after the last', () => {
    expect(fieldsOf({ start_date: '2026-11-20', end_date: '2026-11-19' })).toEqual(['start_date']);
  });
});
