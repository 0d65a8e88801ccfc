/** One call of generated code. Everything is plain text, so that nothing but data crosses the border. */
export interface SandboxRequest {
  source: string;
  /** JSON of the argument of `run`. */
  input: string;
  /** What the clock inside says from beginning to end, in milliseconds since 1970. */
  now_ms: number;
  time_limit_ms: number;
  memory_limit_bytes: number;
  output_limit_bytes: number;
}

export type SandboxFailure = 'time' | 'memory' | 'output' | 'error';

/** `output` is JSON. */
export type SandboxAnswer = { output: string } | { failure: SandboxFailure; message: string };
