import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiPublicErrors } from '../platform/http/api-docs.js';
import { Public } from '../platform/http/route.decorators.js';
import { StagesInfoDto } from './dto/stage-info.dto.js';
import { STAGES } from './stage.js';

@ApiTags('stages')
@Public()
@Controller()
export class StagesController {
  /** The six stages of a build in order, with their weights and sub-stages. Public. */
  @Get('stages/info')
  @ApiOperation({
    summary: 'Get the six stages of a build',
    operationId: 'getStagesInfo',
    description:
      'Returns the names, order and weights of the stages, for clients that show progress. No authentication required.',
  })
  @ApiData(StagesInfoDto, { description: 'The stages in order. Weights add up to 100.' })
  @ApiPublicErrors()
  info(): StagesInfoDto {
    return { total_stages: STAGES.length, stages: [...STAGES] };
  }

  /** The same under the API prefix, for clients with a single base path. */
  @Get('api/v1/stages/info')
  @ApiOperation({
    summary: 'Get the six stages of a build (under /api/v1)',
    operationId: 'getStagesInfoUnderPrefix',
    description: 'Same as `GET /stages/info`, for clients with a single base path. No authentication required.',
  })
  @ApiData(StagesInfoDto, { description: 'The stages in order. Weights add up to 100.' })
  @ApiPublicErrors()
  infoUnderPrefix(): StagesInfoDto {
    return this.info();
  }
}
