import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { ModelError } from '../models/model-error.js';
import { ModelsService } from '../models/models.service.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { BudgetsService } from './budgets.service.js';
import { ModelsDto, ModelTestDto, TestModelDto } from './dto/budget.dto.js';

/** How long a test waits for a model, retries included. */
const ANSWERS_WITHIN_MS = 20_000;

/** The models of the platform: who serves them, what they cost, and whether they answer. */
@ApiTags('models')
@Access('viewer')
@Controller('models')
export class ModelsController {
  constructor(
    private readonly models: ModelsService,
    private readonly budgets: BudgetsService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List model providers and prices',
    operationId: 'getModels',
    description: 'Returns the configured model providers with their state, and the models with a known price.',
  })
  @ApiData(ModelsDto, { description: 'Providers and prices.' })
  @ApiErrors()
  get(): ModelsDto {
    const { providers, prices } = this.models.offer;
    const listed = prices.map(({ id, price }) => ({ id, input_usd: price.input, output_usd: price.output }));
    return { default_model: this.models.describe().id, providers, prices: listed };
  }

  /** One small call, counted on the budgets of the caller. At most 10 tests per user per minute. */
  @Post('test')
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Test a model',
    operationId: 'testModel',
    description:
      'Makes one small model call, which counts towards budgets. Returns whether the model answered within 20 seconds; if not, the error and how to resolve it. At most 10 tests per user per minute.',
  })
  @ApiData(ModelTestDto, { description: 'Whether the model answered.' })
  @ApiErrors(400, 402)
  async test(@CurrentPrincipal() { org_id }: Principal, @Body() { model_id }: TestModelDto): Promise<ModelTestDto> {
    const { id: model, provider } = this.models.describe(model_id);
    const spender = this.budgets.spenderHere(org_id);
    const started = performance.now();
    const tested = (rest: Pick<ModelTestDto, 'cost_usd' | 'error'>): ModelTestDto => {
      const latency_ms = Math.round(performance.now() - started);
      return { model, provider, ok: rest.error === null, latency_ms, ...rest };
    };
    try {
      const meter = (own: Parameters<BudgetsService['metered']>[0]) => this.budgets.metered(own, spender);
      const usage = await this.models.probe(model_id ?? null, { meter, within_ms: ANSWERS_WITHIN_MS });
      return tested({ cost_usd: this.models.costOf(model, usage), error: null });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const { fault, message, suggestion = '' } = error;
      return tested({ cost_usd: null, error: { fault, message, suggestion } });
    }
  }
}
