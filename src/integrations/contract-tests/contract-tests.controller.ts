import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import { Audited } from '../../identity/audit/audit.interceptor.js';
import { actorOf, type Principal } from '../../identity/principal.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { callerSignal } from '../../platform/http/event-stream.js';
import { ContractReportDto, ContractRunListDto, RunContractTestsDto } from './contract-tests.dto.js';
import { ContractTestsService } from './contract-tests.service.js';

@ApiTags('integrations')
@Access('viewer')
@Controller('integrations/:integration_id/contract-tests')
export class ContractTestsController {
  constructor(private readonly tests: ContractTestsService) {}

  /**
   * Calls each operation three times with a request built from examples or schemas, and holds the answers to their schemas and to the
   * recorded ones. Operations that write are called on the mock only.
   */
  @Post('run')
  @HttpCode(200)
  @Access('developer')
  @Audited({ action: 'integration.contract_tested', target: 'integration_id', details: ['target', 'record'] })
  @ApiOperation({
    summary: 'Run contract tests',
    operationId: 'runContractTests',
    description:
      'Calls operations on the mock or the live API, and checks the status and body of each response against the document.',
  })
  @ApiData(ContractReportDto, { description: 'The run with its results.' })
  @ApiErrors(400, 404)
  async run(
    @CurrentPrincipal() principal: Principal,
    @Param('integration_id') integration_id: string,
    @Body() { target = 'mock', record = false }: RunContractTestsDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ContractReportDto> {
    const wish = { org_id: principal.org_id, actor: actorOf(principal), integration_id, target, record };
    return this.tests.run(wish, callerSignal(response));
  }

  @Get()
  @ApiOperation({
    summary: 'List contract test runs',
    operationId: 'listContractTests',
    description: 'Lists contract test runs with the number of operations that passed and failed.',
  })
  @ApiData(ContractRunListDto, { description: 'The runs, newest first, at most 50.' })
  @ApiErrors(404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
  ): Promise<ContractRunListDto> {
    return { runs: await this.tests.list(org_id, integration_id) };
  }

  @Get(':run_id')
  @ApiOperation({
    summary: 'Get a contract test run',
    operationId: 'getContractTest',
    description: 'Returns a run with the faults of each operation that failed.',
  })
  @ApiData(ContractReportDto, { description: 'The run with its results.' })
  @ApiErrors(404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Param('run_id') run_id: string,
  ): Promise<ContractReportDto> {
    return this.tests.get(org_id, integration_id, run_id);
  }
}
