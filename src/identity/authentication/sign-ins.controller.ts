import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import { DoneDto, SignInListDto } from './dto/auth.dto.js';
import { SignInsService } from './tokens.service.js';

@ApiTags('sign-in')
@Bare()
@Access('viewer')
@Controller('auth/sessions')
export class SignInsController {
  constructor(private readonly signIns: SignInsService) {}

  /** Your own, in all of your organizations, newest first, at most 100. */
  @Get()
  @ApiOperation({
    summary: 'List your sign-ins',
    operationId: 'listSignIns',
    description: 'Lists your own sign-ins in all of your organizations, newest first, at most 100.',
  })
  @ApiOkResponse({ type: SignInListDto, description: 'The sign-ins whose tokens are accepted.' })
  @ApiErrors(403)
  async list(@CurrentPrincipal() principal: Principal): Promise<SignInListDto> {
    const all = await this.signIns.list(principal);
    const sessions = all.map(({ family_id, device, address, created_at, last_used_at, current }) => ({
      session_id: family_id,
      device,
      address,
      created_at,
      last_used_at,
      current,
    }));
    return { sessions, total: sessions.length };
  }

  /** Its access and refresh tokens are refused from now on, in other processes within 5 seconds. */
  @Delete(':session_id')
  @ApiOperation({
    summary: 'End one of your sign-ins',
    operationId: 'endSignIn',
    description: 'Ends one of your own sign-ins. Its tokens are refused within 5 seconds.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'Ended.' })
  @ApiErrors(400, 403, 404)
  async end(@CurrentPrincipal() principal: Principal, @Param('session_id') session_id: string): Promise<DoneDto> {
    await this.signIns.end(principal, session_id);
    return { done: true };
  }
}
