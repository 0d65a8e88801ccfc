import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import type { ApiKey } from './api-key.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyListDto, CreateApiKeyDto, CreatedApiKeyDto, DeletedApiKeyDto } from './dto/api-key.dto.js';

@ApiTags('keys')
@Access('admin')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  /** The key is in this answer and nowhere else. It never holds more than your own roles. */
  @Post()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Create an API key',
    operationId: 'createApiKey',
    description:
      'For programs: a key acts in your organization with the roles that it has, which may not exceed yours. Send it as `X-API-Key` or as a bearer token.',
  })
  @ApiData(CreatedApiKeyDto, { status: 201, description: 'The key. Its secret is shown once.' })
  @ApiErrors(400, 403)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateApiKeyDto): Promise<CreatedApiKeyDto> {
    const { key, api_key } = await this.keys.create(principal, body);
    const { key_id, name, roles, created_at } = key;
    return { key_id, name, roles, api_key, created_at, expires_at: key.expires_at_time };
  }

  /** All of the organization, oldest first, without their secrets. */
  @Get()
  @ApiOperation({
    summary: 'List API keys',
    operationId: 'listApiKeys',
    description: 'Shows names, roles and last use. The keys themselves are stored as hashes only.',
  })
  @ApiData(ApiKeyListDto, { description: 'The keys of your organization.' })
  @ApiErrors()
  async list(@CurrentPrincipal() { org_id }: Principal): Promise<ApiKeyListDto> {
    const keys = (await this.keys.list(org_id)).map(listed);
    return { keys, total: keys.length };
  }

  @Delete(':key_id')
  @ApiOperation({
    summary: 'Delete an API key',
    operationId: 'deleteApiKey',
    description: 'The key is refused within 4 seconds. Its budget is deleted.',
  })
  @ApiData(DeletedApiKeyDto, { description: 'The key is revoked.' })
  @ApiErrors(404)
  async delete(@CurrentPrincipal() principal: Principal, @Param('key_id') key_id: string): Promise<DeletedApiKeyDto> {
    await this.keys.delete(principal, key_id);
    return { key_id, deleted: true };
  }
}

function listed({ key_id, name, roles, created_by, created_at, expires_at_time, last_used_at }: ApiKey) {
  return {
    key_id,
    name,
    roles,
    created_by,
    created_at,
    expires_at: expires_at_time,
    last_used_at: last_used_at ?? null,
  };
}
