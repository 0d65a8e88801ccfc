import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type AgentDefinition, agentDefinitionSchema } from '../runtimes/agent-definition.js';
import { PATHS } from '../stages/stage.js';
import type { Artifact, Project, ProjectRevision } from './project.js';

/** `revision.json`: the change, and the design that it changes. Input of every step of the build. */
export const revisionBriefSchema = z.object({
  change: z.string(),
  agent_id: z.string(),
  /** The version that the change starts from. */
  version: z.string(),
  base_version_number: z.int(),
  /** What that version runs, without its documents. */
  definition: agentDefinitionSchema,
  /** Fields of the definition edited by hand since the last build. They are kept unless the change is about them. */
  edited_by_hand: z.array(z.string()),
  /** Names of documents that no build wrote. They are kept. */
  kept_documents: z.array(z.string()),
  /** Names of the tools that the last build chose. */
  built_tools: z.array(z.string()),
  /** Documents of the last build, by the name of the step's task. Empty for an agent that no build made. */
  documents: z.record(z.string(), z.unknown()),
});

export type RevisionBrief = z.infer<typeof revisionBriefSchema>;

/** The documents that steps receive in order to change them. */
const PREVIOUS: Readonly<Record<string, string>> = {
  plan: PATHS.plan,
  requirements: PATHS.requirements,
  architecture: PATHS.architecture,
  agent_design: PATHS.design,
};
/** An artifact has at most 300 KB. Documents that do not fit are left out; the definition repeats most of their content. */
const DOCUMENTS_BYTES = 90_000;

/** The artifact that a revised build starts from. */
export function revisionArtifact(
  { project_id, org_id, attempt }: Project,
  from: {
    revision: ProjectRevision;
    version: string;
    definition: AgentDefinition;
    /** What the last build made. */
    built: AgentDefinition | undefined;
    /** Artifacts of the last build, by path. */
    contents: ReadonlyMap<string, string>;
    at: string;
  },
): Artifact {
  const { definition, version, contents, built } = from;
  const fields = [...new Set([...Object.keys(definition), ...Object.keys(built ?? {})])] as (keyof AgentDefinition)[];
  const brief: RevisionBrief = {
    ...from.revision,
    version,
    definition: { ...definition, knowledge: [] },
    edited_by_hand: fields.filter(
      (field) => field !== 'knowledge' && !isDeepStrictEqual(definition[field], built?.[field]),
    ),
    kept_documents: definition.knowledge
      .filter((document) => !built?.knowledge.some((one) => isDeepStrictEqual(one, document)))
      .map(({ name }) => name),
    built_tools: built?.tools.map(({ name }) => name) ?? [],
    documents: previousDocuments(contents),
  };
  const content = JSON.stringify(brief);
  const about = { project_id, org_id, path: PATHS.revision, stage_name: 'orchestrator' as const, attempt };
  const size_bytes = Buffer.byteLength(content);
  return { ...about, content_type: 'application/json', content, size_bytes, created_at: from.at };
}

function previousDocuments(contents: ReadonlyMap<string, string>): Record<string, unknown> {
  const documents: Record<string, unknown> = {};
  let left = DOCUMENTS_BYTES;
  for (const [name, path] of Object.entries(PREVIOUS)) {
    const content = contents.get(path) ?? '';
    const bytes = Buffer.byteLength(content);
    if (content === '' || bytes > left) continue;
    documents[name] = JSON.parse(content);
    left -= bytes;
  }
  return documents;
}
