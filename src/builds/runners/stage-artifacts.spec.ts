import { ARTIFACT_LIMIT_BYTES, textArtifact } from './stage-artifacts.js';

describe('textArtifact', () => {
  it('counts bytes, not characters', () => {
    expect(textArtifact('a.md', 'text/markdown', 'a'.repeat(ARTIFACT_LIMIT_BYTES)).content).toHaveLength(
      ARTIFACT_LIMIT_BYTES,
    );
    expect(() => textArtifact('a.md', 'text/markdown', 'ä'.repeat(ARTIFACT_LIMIT_BYTES / 2 + 1))).toThrow(
      /a\.md has 307202 bytes/,
    );
  });
});
