import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import { Audited } from '../../identity/audit/audit.interceptor.js';
import type { Principal } from '../../identity/principal.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import {
  AuthorizationDto,
  CreateCredentialDto,
  CredentialDto,
  CredentialFieldsDto,
  CredentialListDto,
  DeletedCredentialDto,
  ListCredentialsQuery,
} from './credentials.dto.js';
import { CredentialsService } from './credentials.service.js';
import { credentialStatus, type StoredCredential } from './stored-credential.js';

@ApiTags('credentials')
@Access('developer')
@Controller('credentials')
export class CredentialsController {
  constructor(private readonly credentials: CredentialsService) {}

  /** Stored encrypted and never shown again. */
  @Post()
  @Audited({ action: 'credential.created', made: 'credential_id', details: ['name', 'kind'] })
  @ApiOperation({
    summary: 'Store a credential',
    operationId: 'createCredential',
    description:
      'Stores a bearer token, a password, an API key, an HMAC secret or an OAuth client, encrypted. Secrets are never returned.',
  })
  @ApiData(CredentialDto, { status: 201, description: 'The credential without its secrets.' })
  @ApiErrors(400)
  async create(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Body() { name, kind, fields }: CreateCredentialDto,
  ): Promise<CredentialDto> {
    return view(await this.credentials.create({ org_id, user_id }, name, { ...fields, kind }));
  }

  /** Newest first. */
  @Get()
  @ApiOperation({
    summary: 'List credentials',
    operationId: 'listCredentials',
    description: 'Lists credentials with their names, kinds and status, without secrets.',
  })
  @ApiData(CredentialListDto, { description: 'One page of credentials, newest first.' })
  @ApiErrors(400)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() query: ListCredentialsQuery,
  ): Promise<CredentialListDto> {
    const { items, last_key } = await this.credentials.list(org_id, query);
    return { credentials: items.map(view), total: items.length, last_key };
  }

  /** Where authorization servers send the browser back to. Only the user who began the authorization can end it. */
  @Get('callback')
  @Audited({ action: 'credential.authorized', made: 'credential_id' })
  @ApiQuery({ name: 'state', required: true, type: String })
  @ApiQuery({ name: 'code', required: false, type: String })
  @ApiOperation({
    summary: 'Finish an authorization',
    operationId: 'finishAuthorization',
    description: 'The provider redirects the browser here. Do not call it from programs.',
  })
  @ApiData(CredentialDto, { description: 'The credential, which is now ready.' })
  @ApiErrors(400, 404)
  async callback(@CurrentPrincipal() { org_id, user_id }: Principal, @Req() request: Request): Promise<CredentialDto> {
    const { searchParams } = new URL(request.originalUrl, 'http://callback.invalid');
    return view(await this.credentials.finishAuthorization(org_id, user_id, searchParams));
  }

  @Get(':credential_id')
  @ApiOperation({
    summary: 'Get a credential',
    operationId: 'getCredential',
    description: "Returns the credential's non-secret fields and whether it is ready.",
  })
  @ApiData(CredentialDto, { description: 'The credential without its secrets.' })
  @ApiErrors(404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('credential_id') credential_id: string,
  ): Promise<CredentialDto> {
    return view(await this.credentials.get(org_id, credential_id));
  }

  /** Replaces all fields; the kind stays. OAuth tokens obtained with the old fields are discarded. */
  @Put(':credential_id')
  @Audited({ action: 'credential.replaced', target: 'credential_id' })
  @ApiOperation({
    summary: "Replace a credential's fields",
    operationId: 'replaceCredential',
    description:
      "Replaces `fields`. `kind` must be the credential's current kind. OAuth tokens obtained with the old fields are discarded.",
  })
  @ApiData(CredentialDto, { description: 'The credential without its secrets.' })
  @ApiErrors(400, 404)
  async replace(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('credential_id') credential_id: string,
    @Body() { kind, fields }: CredentialFieldsDto,
  ): Promise<CredentialDto> {
    return view(await this.credentials.replace(org_id, credential_id, { ...fields, kind }));
  }

  /** What uses it can no longer present it. */
  @Delete(':credential_id')
  @Audited({ action: 'credential.deleted', target: 'credential_id' })
  @ApiOperation({
    summary: 'Delete a credential',
    operationId: 'deleteCredential',
    description: 'Deletes the credential and its secrets. Tools and integrations can no longer authenticate with it.',
  })
  @ApiData(DeletedCredentialDto, { description: 'The deleted credential.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('credential_id') credential_id: string,
  ): Promise<DeletedCredentialDto> {
    await this.credentials.delete(org_id, credential_id);
    return { credential_id };
  }

  /** Authorization code with PKCE. Open the address in a browser that is signed in here. */
  @Post(':credential_id/authorize')
  @HttpCode(200)
  @Audited({ action: 'credential.authorization_begun', target: 'credential_id' })
  @ApiOperation({
    summary: 'Start an authorization',
    operationId: 'authorizeCredential',
    description:
      'For OAuth with an authorization code (PKCE). Returns the URL to open in the browser where you are signed in to Nexus.',
  })
  @ApiData(AuthorizationDto, { description: 'The URL to open in the browser.' })
  @ApiErrors(400, 404)
  async authorize(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('credential_id') credential_id: string,
  ): Promise<AuthorizationDto> {
    return this.credentials.authorize(org_id, user_id, credential_id);
  }
}

function view(credential: StoredCredential): CredentialDto {
  const { credential_id, name, kind, details, token_expires_at, created_by, created_at, updated_at } = credential;
  const status = credentialStatus(credential);
  return { credential_id, name, kind, status, fields: details, token_expires_at, created_by, created_at, updated_at };
}
