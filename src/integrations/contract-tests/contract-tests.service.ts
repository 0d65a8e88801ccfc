import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { Clock } from '../../shared/clock.js';
import { DomainError, InvalidStateError, NotFoundError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { differencesOf, REPEATS, type Shape } from '../catalogue/answer-shape.js';
import type { ContractCase, LiveAnswer, Observed } from '../catalogue/contract-tasks.js';
import { CatalogueWorkers } from '../catalogue-workers.js';
import type { Integration } from '../integration.js';
import { IntegrationsRepository } from '../integrations.repository.js';
import { IntegrationsService } from '../integrations.service.js';
import { OperationsService } from '../operations.service.js';
import type { ContractResultDto, ContractRunDto, ContractTarget } from './contract-tests.dto.js';

const compress = promisify<string, Buffer>(gzip);
const decompress = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

const MOCKED_MAX = 2_000;
/** Operations that one question to a worker takes. */
const MOCKED_AT_ONCE = 50;
/** Calls of an API cost its owner: few operations, few at a time, not for long. */
const LIVE_MAX = 200;
const LIVE_AT_ONCE = 4;
const LIVE_MS = 120_000;
const RUNS_KEPT = 50;
const DIFFERENCES_SHOWN = 10;
const STORED_MAX_BYTES = 50_000_000;

type Goldens = Record<string, { status: number; shape: Shape }>;

export interface ContractReport extends ContractRunDto {
  results: ContractResultDto[];
}

/** Holds APIs and their mocks to the document, and to answers that were recorded before. Bodies of answers are not kept. */
@Injectable()
export class ContractTestsService {
  constructor(
    private readonly integrations: IntegrationsService,
    private readonly operations: OperationsService,
    private readonly repository: IntegrationsRepository,
    private readonly workers: CatalogueWorkers,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Calls each operation three times: on the mock at most 2,000 operations; on the API at most 200 that only read, for at most two
   * minutes. With `record`, what passes is what later runs are held to.
   * @throws IntegrationNotFoundError, InvalidStateError, RateLimitedError
   */
  async run(
    wish: { org_id: string; actor: string; integration_id: string; target: ContractTarget; record: boolean },
    signal?: AbortSignal,
  ): Promise<ContractReport> {
    const { org_id, actor, integration_id, target, record } = wish;
    const integration = await this.integrations.getReady(org_id, integration_id);
    const started_at = this.clock.timestamp();
    const began = performance.now();
    const isMock = target === 'mock';
    const wanted = isMock ? { risk: null, limit: MOCKED_MAX } : { risk: 'read' as const, limit: LIVE_MAX };
    const { cases, total } = await this.workers.ask(
      'contract_cases',
      [this.integrations.catalogueOf(integration)],
      wanted,
      signal,
    );
    const observed = isMock
      ? await this.onMock(integration, cases, signal)
      : await this.live(integration, cases, actor, signal);
    const goldens = record ? {} : await this.goldensOf(integration, target);
    const results = observed.map(({ test, seen }) => resultOf(test, seen, record, goldens[test.operation_id]));
    const passed = results.filter((one) => one.passed).length;
    const stable = results.filter(({ deterministic }) => deterministic).length;
    const run: ContractRunDto = {
      ...{ run_id: this.ids.next('ctr'), integration_id, version: integration.version, target, recorded: record },
      ...{ passed, failed: results.length - passed, skipped: total - results.length },
      deterministic_share: results.length === 0 ? null : Math.round((stable / results.length) * 10_000) / 10_000,
      ...{ started_by: actor, started_at, duration_ms: Math.round((performance.now() - began) * 100) / 100 },
    };
    await this.store(integration, run, results);
    if (record) await this.storeGoldens(integration, run, observed);
    return { ...run, results };
  }

  /** Newest first, at most 50. @throws IntegrationNotFoundError */
  async list(org_id: string, integration_id: string): Promise<ContractRunDto[]> {
    await this.integrations.get(org_id, integration_id);
    return this.repository.listContractRuns(org_id, integration_id, RUNS_KEPT);
  }

  /** @throws IntegrationNotFoundError; NotFoundError, also for a run beyond the last 50 */
  async get(org_id: string, integration_id: string, run_id: string): Promise<ContractReport> {
    const integration = await this.integrations.get(org_id, integration_id);
    const run = await this.repository.findContractRun(org_id, integration_id, run_id);
    const stored = run && (await this.repository.getData(integration, run_id, 'contract_results'));
    if (!run || !stored) throw new NotFoundError('Contract test run', run_id, { details: { integration_id } });
    return { ...run, results: JSON.parse(await textOf(stored)) as ContractResultDto[] };
  }

  private async onMock(integration: Integration, cases: ContractCase[], signal: AbortSignal | undefined) {
    const catalogue = this.integrations.catalogueOf(integration);
    const found: { test: ContractCase; seen: Observed }[] = [];
    for (let start = 0; start < cases.length; start += MOCKED_AT_ONCE) {
      const part = cases.slice(start, start + MOCKED_AT_ONCE);
      const seen = await this.workers.ask('contract_mock', [catalogue], { cases: part }, signal);
      part.forEach((test, index) => seen[index] && found.push({ test, seen: seen[index] }));
    }
    return found;
  }

  /** Operations that two minutes do not reach are left out. */
  private async live(integration: Integration, cases: ContractCase[], actor: string, signal: AbortSignal | undefined) {
    if (integration.mock === 'instead')
      throw new InvalidStateError('The mock is used instead of the API', {
        details: { mock: 'instead' },
        suggestion:
          "Set the mock's mode to on or off, so that calls reach the API: POST /api/v1/integrations/{integration_id}/mock.",
      });
    const limit = pLimit(LIVE_AT_ONCE);
    const end = performance.now() + LIVE_MS;
    const tested = await Promise.all(
      cases.map((test) =>
        limit(async () =>
          performance.now() > end ? undefined : { test, seen: await this.observe(integration, test, actor, signal) },
        ),
      ),
    );
    return tested.filter((one) => one !== undefined);
  }

  private async observe(
    { org_id, integration_id }: Integration,
    { operation_id, input }: ContractCase,
    actor: string,
    signal: AbortSignal | undefined,
  ): Promise<Observed> {
    const answers: LiveAnswer[] = [];
    try {
      for (let time = 0; time < REPEATS; time++) {
        const call = { org_id, integration_id, operation: operation_id, input, actor, signal };
        const { status, valid, mismatches, body } = await this.operations.call(call);
        answers.push({ status, valid, mismatches, body });
      }
      return await this.workers.ask('contract_observe', [], { operation_id, answers }, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DomainError)) throw error;
      const nothing = { status: null, valid: null, mismatches: [], shape: {}, deterministic: false };
      return { operation_id, ...nothing, error: error.message };
    }
  }

  private async goldensOf(integration: Integration, target: ContractTarget): Promise<Goldens> {
    const data_id = await this.repository.findGoldens(integration, target);
    const stored =
      data_id === undefined ? undefined : await this.repository.getData(integration, data_id, 'contract_goldens');
    return stored ? (JSON.parse(await textOf(stored)) as Goldens) : {};
  }

  /** The results first: a run that is listed can be read. */
  private async store(integration: Integration, run: ContractRunDto, results: ContractResultDto[]): Promise<void> {
    const data = await compress(JSON.stringify(results));
    await this.repository.putData(integration, run.run_id, 'contract_results', data);
    await this.repository.putContractRun(integration.org_id, run, RUNS_KEPT);
  }

  /** The answers first, then the mark that they count: a run that dies in between leaves the earlier ones. */
  private async storeGoldens(
    integration: Integration,
    { run_id, target }: ContractRunDto,
    observed: readonly { test: ContractCase; seen: Observed }[],
  ): Promise<void> {
    const good = observed.flatMap(({ test, seen }): [string, Goldens[string]][] =>
      seen.status !== null && seen.status < 400
        ? [[test.operation_id, { status: seen.status, shape: seen.shape }]]
        : [],
    );
    const data = await compress(JSON.stringify(Object.fromEntries(good)));
    await this.repository.putData(integration, run_id, 'contract_goldens', data);
    await this.repository.putGoldens(integration, target, run_id);
  }
}

function resultOf(
  test: ContractCase,
  seen: Observed,
  isRecorded: boolean,
  golden: Goldens[string] | undefined,
): ContractResultDto {
  const { status, valid, mismatches, deterministic, error } = seen;
  const isAnswered = status !== null && status < 400;
  const differences =
    golden === undefined || !isAnswered
      ? []
      : [
          ...(golden.status === status ? [] : [`the status is ${status}, not ${golden.status}`]),
          ...differencesOf(golden.shape, seen.shape),
        ];
  const state =
    isRecorded && isAnswered
      ? 'recorded'
      : golden === undefined || !isAnswered
        ? 'none'
        : differences.length > 0
          ? 'changed'
          : 'same';
  return {
    ...{ operation_id: test.operation_id, name: test.name, risk: test.risk },
    passed: isAnswered && valid !== false && differences.length === 0,
    ...{ status, valid, mismatches, golden: state, differences: differences.slice(0, DIFFERENCES_SHOWN) },
    ...{ deterministic, error },
  };
}

const textOf = async (data: Uint8Array): Promise<string> =>
  (await decompress(data, { maxOutputLength: STORED_MAX_BYTES })).toString('utf8');
