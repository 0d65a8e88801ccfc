/** Most that a tool may hand to the model, in UTF-8 bytes of JSON: a larger answer would crowd the conversation out. */
export const TOOL_OUTPUT_LIMIT_BYTES = 16 * 1024;

/** The output itself when it is small enough, else its beginning as text with a note that it was cut. */
export function boundedOutput(output: unknown): unknown {
  const json = JSON.stringify(output ?? null) ?? 'null';
  const size = Buffer.byteLength(json);
  if (size <= TOOL_OUTPUT_LIMIT_BYTES) return output ?? null;
  const note = `The output was cut: ${size} bytes, the limit is ${TOOL_OUTPUT_LIMIT_BYTES}. Ask for less.`;
  return { truncated: true, note, beginning: beginningOf(json, TOOL_OUTPUT_LIMIT_BYTES / 2) };
}

/** Half of the limit is kept, because writing JSON as a string inside JSON can double it. */
function beginningOf(json: string, bytes: number): string {
  return Buffer.from(json)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/(?<!�)�+$/, '');
}
