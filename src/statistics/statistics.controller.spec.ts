import type { INestApplication } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { NextFunction, Request, Response } from 'express';
import { ErrorFilter, MethodCheck } from '../platform/http/error.filter.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { validationPipe } from '../platform/http/validation.pipe.js';
import { BudgetsService } from '../budgets/budgets.service.js';
import { Clock } from '../shared/clock.js';
import { dayRange, type AskedDays, StatisticsQueries } from './statistics-queries.js';
import { StatisticsController } from './statistics.controller.js';

const now = new Date('2026-11-20T22:34:09.000Z');

/** Says what it was asked, after the same check of the days. */
const queries = {
  overview: async (org_id: string) => ({ org_id }),
  builds: async (org_id: string, asked: AskedDays) => [{ org_id, ...dayRange(asked, now) }],
  invocations: async (org_id: string, asked: AskedDays & { agent_id?: string }) => [
    { org_id, agent_id: asked.agent_id, ...dayRange(asked, now) },
  ],
  trend: async (org_id: string, metric: string, asked: AskedDays) => ({ org_id, metric, ...dayRange(asked, now) }),
};

let app: INestApplication;
let url: string;

beforeAll(async () => {
  const module = await Test.createTestingModule({
    controllers: [StatisticsController],
    providers: [
      { provide: StatisticsQueries, useValue: queries },
      { provide: BudgetsService, useValue: { list: async () => [] } },
      { provide: Clock, useValue: new Clock() },
      { provide: APP_FILTER, useClass: ErrorFilter },
      RequestContext,
      MethodCheck,
    ],
  }).compile();
  app = module.createNestApplication({ logger: false });
  app.use((request: Request, _: Response, next: NextFunction) => {
    request.principal = { user_id: 'ada', org_id: 'acme', roles: ['viewer'], via: 'token' };
    next();
  });
  app.useGlobalPipes(validationPipe());
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(() => app.close());

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/statistics/${path}`);
  return { status: response.status, body: await response.json() };
}

describe('statistics over HTTP', () => {
  it('are those of the caller', async () => {
    expect(await get('overview')).toEqual({ status: 200, body: { org_id: 'acme' } });
    expect(await get('builds')).toEqual({
      status: 200,
      body: [{ org_id: 'acme', start: '2026-10-22', end: '2026-11-20' }],
    });
  });

  it('take days and an agent', async () => {
    const { body } = await get('invocations?agent_id=proj_1%3Areader&start_date=2026-11-01&end_date=2026-11-02');
    expect(body).toEqual([{ org_id: 'acme', agent_id: 'proj_1:reader', start: '2026-11-01', end: '2026-11-02' }]);
  });

  it('take a metric', async () => {
    expect(await get('trends?metric=latency&start_date=2026-11-20')).toMatchObject({
      status: 200,
      body: { metric: 'latency' },
    });
  });

  it.each([
    ['trends', 'metric'],
    ['trends?metric=happiness', 'metric'],
    ['builds?start_date=2026-02-30', 'start_date'],
    ['builds?end_date=tomorrow', 'end_date'],
    ['builds?start_date=2026-01-01&start_date=2026-01-02', 'start_date'],
    ['builds?agent_id=x', 'agent_id'],
    ['invocations?agent_id=', 'agent_id'],
    ['invocations?start_date=2024-01-01&end_date=2026-01-01', 'end_date'],
  ])('refuse %s and name %s', async (path, field) => {
    const { status, body } = await get(path);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: 'VALIDATION_ERROR', details: { fields: { [field]: [expect.any(String)] } } },
    });
  });
});
