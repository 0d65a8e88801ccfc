import { dueTimes, timesAfter, TRIGGER_CONFIGS } from './trigger.js';

const schedule = (config: object) => TRIGGER_CONFIGS.schedule.parse(config);
const times = (config: object, after: string, count = 3): string[] =>
  timesAfter(schedule(config), new Date(after), count).map((at) => at.toISOString());

describe('schedules', () => {
  it('keep the local hour through both changes of summer time', () => {
    const daily = { cron: '0 9 * * *', timezone: 'Europe/Berlin' };
    expect(times(daily, '2026-03-27T12:00:00Z')).toEqual([
      '2026-03-28T08:00:00.000Z',
      '2026-03-29T07:00:00.000Z',
      '2026-03-30T07:00:00.000Z',
    ]);
    expect(times(daily, '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T08:00:00.000Z', '2026-10-26T08:00:00.000Z']);
  });

  it('fire once at an hour that the change skips, and once at one that it repeats', () => {
    const skipped = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    const [first, second] = times(skipped, '2026-03-28T12:00:00Z', 2);
    expect([first?.slice(0, 10), second]).toEqual(['2026-03-29', '2026-03-30T00:30:00.000Z']);
    const repeated = times({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-10-24T12:00:00Z', 2);
    expect(repeated.map((at) => at.slice(0, 10))).toEqual(['2026-10-25', '2026-10-26']);
  });

  it('refuse what is no pattern, no time zone, or both kinds at once', () => {
    for (const config of [
      { cron: 'every day' },
      { cron: '0 9 * * *', timezone: 'Mars/Olympus' },
      { cron: '0 9 * * *', every_seconds: 60 },
      { every_seconds: 1 },
      {},
    ])
      expect(TRIGGER_CONFIGS.schedule.safeParse(config).success).toBe(false);
  });

  it.each([
    ['none', []],
    ['last', ['2026-01-01T00:50:00.000Z']],
    ['all', [0, 10, 20, 30, 40, 50].map((minute) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`)],
  ])('catch up %s of the times that were missed', (catch_up, fire) => {
    const due = dueTimes(
      schedule({ every_seconds: 600, catch_up }),
      '2026-01-01T00:00:00.000Z',
      new Date('2026-01-01T00:55:00Z'),
    );
    expect(due).toEqual({ fire, next: '2026-01-01T01:00:00.000Z' });
  });

  it('fire a time that has just come, whatever is caught up, and end after a year of missed ones', () => {
    const config = schedule({ every_seconds: 60, catch_up: 'none' });
    expect(dueTimes(config, '2026-01-01T00:00:00.000Z', new Date('2026-01-01T00:00:01Z'))).toEqual({
      fire: ['2026-01-01T00:00:00.000Z'],
      next: '2026-01-01T00:01:00.000Z',
    });
    const long = dueTimes(
      schedule({ every_seconds: 60, catch_up: 'all' }),
      '2025-01-01T00:00:00.000Z',
      new Date('2026-01-01T00:00:00Z'),
    );
    expect(long.fire).toHaveLength(100);
    expect(long.next).toBe('2026-01-01T00:01:00.000Z');
  });
});
