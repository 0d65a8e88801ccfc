/** Tokens that a model read and wrote. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
}

export const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return { input_tokens: a.input_tokens + b.input_tokens, output_tokens: a.output_tokens + b.output_tokens };
}
