import type { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Clock } from '../../src/shared/clock.js';
import { Ids } from '../../src/shared/ids.js';
import { CountersRepository, RebuildHoldRepository } from '../../src/statistics/counters.repository.js';
import { FactFolder } from '../../src/statistics/fact-folder.js';
import { StatisticsAggregator } from '../../src/statistics/statistics-aggregator.js';
import { StatisticsRecount, StatisticsRebuild } from '../../src/statistics/statistics-recount.js';
import { StatisticsQueries } from '../../src/statistics/statistics-queries.js';
import { CountedThings, FactRecords } from './statistics-facts.js';

/** The statistics of one process on a database: what the module wires, with records of its own. */
export function statisticsProcess(db: DynamoDb, clock: Clock = new Clock()) {
  const counters = new CountersRepository(db, new UnitOfWork(db));
  const hold = new RebuildHoldRepository(db, new UnitOfWork(db));
  const aggregator = new StatisticsAggregator(new FactFolder(counters, clock), clock);
  const recount = new StatisticsRecount(counters, aggregator, clock);
  const facts = new FactRecords(db);
  const things = new CountedThings(db);
  aggregator.register(facts);
  recount.registerGauges(things);
  return {
    counters,
    hold,
    aggregator,
    facts,
    things,
    recount,
    rebuild: new StatisticsRebuild(recount, aggregator, hold, clock, new Ids()),
    queries: new StatisticsQueries(counters, aggregator, clock),
  };
}
