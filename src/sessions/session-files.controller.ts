import { Controller, HttpCode, Param, Post, UploadedFiles, UseInterceptors } from '@nestjs/common';
import { FilesInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/body.interceptor.js';
import { UploadedFilesDto } from './dto/session.dto.js';
import { SessionMemory } from './session-memory.service.js';

const FILES = 5;
const FILE_BYTES = 10 * 1024 * 1024;
/** Forms may carry a few fields, which are ignored. */
const FIELDS = 10;
const FIELD_BYTES = 10_000;

/** Documents of sessions. The API document lists the route among the older ones. */
@ApiTags('older routes')
@Controller('agents/:agent_id/sessions/:session_id')
export class SessionFilesController {
  constructor(private readonly memory: SessionMemory) {}

  /** At most 5 text files of at most 10 MB each; the agent looks things up in them for the rest of the session. */
  @Post('upload')
  @Access('developer')
  @TakesBody('files')
  @HttpCode(200)
  @UseInterceptors(
    FilesInterceptor('files', FILES, {
      limits: { fileSize: FILE_BYTES, files: FILES, fields: FIELDS, parts: FILES + FIELDS, fieldSize: FIELD_BYTES },
      defParamCharset: 'utf8',
    }),
  )
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      required: ['files'],
      additionalProperties: false,
      properties: {
        files: { type: 'array', minItems: 1, maxItems: FILES, items: { type: 'string', format: 'binary' } },
      },
    },
  })
  @ApiOperation({ summary: 'Add documents to a session', operationId: 'legacyUpload', deprecated: true })
  @ApiData(UploadedFilesDto, { description: 'The stored documents.' })
  @ApiErrors(400, 404, 413)
  async upload(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('session_id') session_id: string,
    @UploadedFiles() files: Express.Multer.File[] | undefined,
  ): Promise<UploadedFilesDto> {
    const kept = await this.memory.upload(
      { org_id, agent_id, session_id },
      (files ?? []).map(({ originalname, mimetype, buffer }) => ({
        name: originalname,
        content_type: mimetype,
        bytes: buffer,
      })),
    );
    return { files: kept, count: kept.length, session_id };
  }
}
