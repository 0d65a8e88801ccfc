import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { SecretAnswer } from '../../platform/http/route.decorators.js';
import { Access, CurrentPrincipal } from '../access.decorators.js';
import type { Principal } from '../principal.js';
import type { ApiKey } from '../accounts/account.js';
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
      'Creates a key for programs. The key acts in your organization with the given roles, which cannot exceed your own. Send it as `X-API-Key` or as a bearer token.',
  })
  @ApiData(CreatedApiKeyDto, { status: 201, description: 'The key. Its secret is shown once.' })
  @ApiErrors(400, 403)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateApiKeyDto): Promise<CreatedApiKeyDto> {
    return created(await this.keys.create(principal, body));
  }

  /** All of the organization, oldest first, without their secrets. */
  @Get()
  @ApiOperation({
    summary: 'List API keys',
    operationId: 'listApiKeys',
    description: 'Lists keys with their names, roles and last use, oldest first. Only hashes of the keys are stored.',
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
    description: 'Revokes the key and deletes its budget. The key is refused within 5 seconds.',
  })
  @ApiData(DeletedApiKeyDto, { description: 'The key is revoked.' })
  @ApiErrors(404)
  async delete(@CurrentPrincipal() principal: Principal, @Param('key_id') key_id: string): Promise<DeletedApiKeyDto> {
    await this.keys.delete(principal, key_id);
    return { key_id, deleted: true };
  }
}

/** What a member does with keys of their own, whatever the role: it changes no more than how they sign in. */
@ApiTags('keys')
@Bare()
@Access('viewer')
@Controller('auth/api-keys')
export class OwnApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Create your own API key',
    operationId: 'createOwnApiKey',
    description:
      'Creates a key that acts as you in your organization with the given roles, which cannot exceed your own. It is revoked when your membership ends. API keys cannot call this endpoint. At most 50 unexpired keys.',
  })
  @ApiCreatedResponse({ type: CreatedApiKeyDto, description: 'The key. Its secret is shown once.' })
  @ApiErrors(400, 403, 409)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateApiKeyDto): Promise<CreatedApiKeyDto> {
    return created(await this.keys.createOwn(principal, body));
  }

  @Get()
  @ApiOperation({
    summary: 'List your API keys',
    operationId: 'listOwnApiKeys',
    description: 'Lists the keys that you created in your organization, oldest first, without their secrets.',
  })
  @ApiOkResponse({ type: ApiKeyListDto, description: 'Your keys.' })
  @ApiErrors()
  async list(@CurrentPrincipal() principal: Principal): Promise<ApiKeyListDto> {
    const keys = (await this.keys.listOwn(principal)).map(listed);
    return { keys, total: keys.length };
  }

  @Delete(':key_id')
  @ApiOperation({
    summary: 'Delete your own API key',
    operationId: 'deleteOwnApiKey',
    description:
      'Revokes a key that you created and deletes its budget. The key is refused within 5 seconds. An API key can revoke only itself.',
  })
  @ApiOkResponse({ type: DeletedApiKeyDto, description: 'The key is revoked.' })
  @ApiErrors(403, 404)
  async delete(@CurrentPrincipal() principal: Principal, @Param('key_id') key_id: string): Promise<DeletedApiKeyDto> {
    await this.keys.deleteOwn(principal, key_id);
    return { key_id, deleted: true };
  }
}

function created({ key, api_key }: { key: ApiKey; api_key: string }): CreatedApiKeyDto {
  const { key_id, name, roles, created_at, expires_at_time } = key;
  return { key_id, name, roles, api_key, created_at, expires_at: expires_at_time };
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
