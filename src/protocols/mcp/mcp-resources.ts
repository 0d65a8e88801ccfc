import { Injectable } from '@nestjs/common';
import {
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import { AgentsService } from '../../agents/agents.service.js';
import { ProjectsService } from '../../projects/projects.service.js';
import { DomainError, InvalidStateError, NotFoundError } from '../../shared/domain-error.js';
import type { McpCaller } from './mcp-caller.js';

/** Each project has some twenty artifacts. */
const PROJECTS_PER_PAGE = 5;
const ARTIFACT = /^nexus:\/\/projects\/([^/?#]+)\/artifacts\/([^?#]+)$/;
const DOCUMENT = /^nexus:\/\/agents\/([^/?#]+)\/knowledge\/([^/?#]+)$/;

/** Artifacts of projects and the knowledge documents of agents. */
@Injectable()
export class McpResources {
  constructor(
    private readonly projects: ProjectsService,
    private readonly agents: AgentsService,
  ) {}

  /** Those of the newest projects first, five projects a page. @throws ProtocolError for a cursor that is not valid */
  async list({ principal: { org_id }, agent_id }: McpCaller, cursor: string | undefined): Promise<ListResourcesResult> {
    if (agent_id !== undefined) {
      const { agent } = await this.agents.getRunnable(org_id, agent_id);
      return { resources: await this.ofProject(org_id, agent.project_id, [agent_id]) };
    }
    const page = { limit: PROJECTS_PER_PAGE, ...(cursor === undefined ? {} : { last_key: cursor }) };
    const { items, last_key } = await this.projects.list(org_id, {}, page).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === 'VALIDATION_ERROR')
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message);
      throw error;
    });
    const found = await Promise.all(
      items.map(({ project_id, agents }) => this.ofProject(org_id, project_id, agents).catch(nothingWhenGone)),
    );
    return { resources: found.flat(), ...(last_key ? { nextCursor: last_key } : {}) };
  }

  templates(): ListResourceTemplatesResult {
    return {
      resourceTemplates: [
        {
          name: 'artifact',
          title: 'Artifact of a build',
          uriTemplate: 'nexus://projects/{project_id}/artifacts/{+path}',
          description: 'A document that a build produced.',
        },
        {
          name: 'knowledge',
          title: 'Knowledge of an agent',
          uriTemplate: 'nexus://agents/{agent_id}/knowledge/{name}',
          description: 'A document that an agent searches for answers.',
          mimeType: 'text/plain',
        },
      ],
    };
  }

  /** @throws ResourceNotFoundError also for a resource of another organization, or of another agent than that of the endpoint */
  async read({ principal: { org_id }, agent_id }: McpCaller, uri: string): Promise<ReadResourceResult> {
    const [, project_id, path] = ARTIFACT.exec(uri) ?? [];
    const [, owner, name] = DOCUMENT.exec(uri) ?? [];
    try {
      if (project_id !== undefined && path !== undefined) {
        const project = decodeURIComponent(project_id);
        if (agent_id !== undefined && (await this.agents.get(org_id, agent_id)).project_id !== project)
          throw new ResourceNotFoundError(uri);
        const { content, content_type } = await this.projects.getArtifact(org_id, project, decodeURIComponent(path));
        return { contents: [{ uri, mimeType: content_type, text: content }] };
      }
      const id = decodeURIComponent(owner ?? '');
      if (name === undefined || (agent_id !== undefined && agent_id !== id)) throw new ResourceNotFoundError(uri);
      const { definition } = await this.agents.getRunnable(org_id, id);
      const document = definition.knowledge.find((one) => one.name === decodeURIComponent(name));
      if (!document) throw new ResourceNotFoundError(uri);
      return { contents: [{ uri, mimeType: 'text/plain', text: document.content }] };
    } catch (error) {
      // A URIError: the address is not well encoded, so it names nothing.
      const isMissing =
        error instanceof NotFoundError || error instanceof InvalidStateError || error instanceof URIError;
      throw isMissing ? new ResourceNotFoundError(uri) : error;
    }
  }

  private async ofProject(org_id: string, project_id: string, agent_ids: readonly string[]): Promise<Resource[]> {
    const [artifacts, documents] = await Promise.all([
      this.projects.listArtifacts(org_id, project_id).catch(nothingWhenGone),
      Promise.all(agent_ids.map((agent_id) => this.knowledgeOf(org_id, agent_id))),
    ]);
    const files = artifacts.map(({ path, content_type, size_bytes, created_at }) => ({
      uri: `nexus://projects/${encodeURIComponent(project_id)}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`,
      name: path,
      mimeType: content_type,
      size: size_bytes,
      annotations: { lastModified: created_at },
      _meta: { 'nexus/project_id': project_id },
    }));
    return [...files, ...documents.flat()];
  }

  private async knowledgeOf(org_id: string, agent_id: string): Promise<Resource[]> {
    const runnable = await this.agents.getRunnable(org_id, agent_id).catch((error: unknown) => {
      if (error instanceof NotFoundError || error instanceof InvalidStateError) return undefined;
      throw error;
    });
    return (runnable?.definition.knowledge ?? []).map(({ name, content }) => ({
      uri: `nexus://agents/${encodeURIComponent(agent_id)}/knowledge/${encodeURIComponent(name)}`,
      name,
      mimeType: 'text/plain',
      size: Buffer.byteLength(content),
      _meta: { 'nexus/agent_id': agent_id },
    }));
  }
}

/** A project that is deleted while it is listed has nothing to show. */
function nothingWhenGone(error: unknown): [] {
  if (error instanceof NotFoundError) return [];
  throw error;
}
