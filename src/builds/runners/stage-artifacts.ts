import { BuildFault } from './build-fault.js';
import type { StageArtifact } from './stage-runner.js';

/** Bytes of one artifact: it is stored as one DynamoDB item, whose limit is 400 KB with everything else in it. */
export const ARTIFACT_LIMIT_BYTES = 300 * 1024;

/** Throws {@link BuildFault} above {@link ARTIFACT_LIMIT_BYTES}: another attempt would write the same. */
export function textArtifact(path: string, contentType: string, content: string): StageArtifact {
  const bytes = Buffer.byteLength(content, 'utf8');
  if (bytes > ARTIFACT_LIMIT_BYTES) {
    throw new BuildFault(
      `${path} has ${bytes} bytes, more than the ${ARTIFACT_LIMIT_BYTES} that an artifact may have`,
      {
        details: { path, bytes, limit: ARTIFACT_LIMIT_BYTES },
        suggestion: 'Shorten the requirement.',
      },
    );
  }
  return { path, content_type: contentType, content };
}

export function jsonArtifact(path: string, document: unknown): StageArtifact {
  return textArtifact(path, 'application/json', `${JSON.stringify(document, null, 2)}\n`);
}

export function markdownArtifact(path: string, content: string): StageArtifact {
  return textArtifact(path, 'text/markdown', content);
}
