import { All, Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { Public } from '../platform/http/route.decorators.js';
import { PayloadTooLargeError } from '../shared/domain-error.js';
import { MockDto, TurnMockDto } from './dto/integration.dto.js';
import { MockService } from './mock.service.js';

const BODY_MAX = 100 * 1024;

@ApiTags('integrations')
@Access('developer')
@Controller('integrations/:integration_id/mock')
export class MockSwitchController {
  constructor(private readonly mocks: MockService) {}

  /**
   * `on` serves a mock of the API at `/mock/{integration_id}`, to everyone who knows that address. `instead` also answers calls of
   * operations, by people, agents and flows, from the mock.
   */
  @Post()
  @HttpCode(200)
  @Audited({ action: 'integration.mock_turned', target: 'integration_id', details: ['mode'] })
  @ApiOperation({
    summary: 'Turn the mock on or off',
    operationId: 'turnMock',
    description:
      '`on` serves a mock at `/mock/{integration_id}`; `instead` also uses it to answer operation calls. The mock returns examples, or values that match the schema. It requires no credentials.',
  })
  @ApiData(MockDto, { description: 'The mock.' })
  @ApiErrors(400, 404)
  async turn(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Body() { mode = 'on' }: TurnMockDto,
  ): Promise<MockDto> {
    const { mock = 'off' } = await this.mocks.turn(org_id, integration_id, mode);
    return { integration_id, mode: mock, path: mock === 'off' ? null : `/mock/${integration_id}` };
  }
}

/** The mocks themselves, outside of the API's prefix. The routes are those of the documents, so the API document lists none. */
@ApiExcludeController()
@Public()
@Controller('mock/:integration_id')
export class MockController {
  constructor(private readonly mocks: MockService) {}

  @All(['', '*path'])
  async answer(
    @Param('integration_id') integration_id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { pathname, search } = new URL(request.originalUrl, 'http://mock.invalid');
    const path = pathname.slice(`/mock/${integration_id}`.length);
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const sent = request.body as unknown;
    const body = sent === undefined || sent === null ? await textOf(request) : JSON.stringify(sent);
    const answer = await this.mocks.answer(integration_id, {
      ...{ method: request.method, path, query: search.slice(1), headers: Object.fromEntries(headers), body },
    });
    response.status(answer.status).set(answer.headers);
    if (answer.body === null) response.end();
    else if (typeof answer.body === 'string' && !/json/.test(answer.headers['content-type'] ?? ''))
      response.send(answer.body);
    else response.send(JSON.stringify(answer.body));
  }
}

/** Of a body that is no JSON: forms and texts. @throws PayloadTooLargeError */
async function textOf(request: Request): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_MAX) throw new PayloadTooLargeError(BODY_MAX);
  }
  return text;
}
