import { Injectable } from '@nestjs/common';
import { type SelfAnswer, SelfCalls } from '../../self-calls.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Asks for what is not there and sends what cannot be read: both must be told apart, in the envelope, without internals. */
@Injectable()
export class ErrorHandlingReadiness extends ReadinessCheck {
  override readonly name = 'error_handling';

  constructor(private readonly self: SelfCalls) {
    super();
  }

  override async look(): Promise<Finding> {
    const [missing, malformed] = await Promise.all([
      this.self.ask('/api/v1/there-is-no-such-thing'),
      this.self.ask('/api/v1/auth/logout', { method: 'POST', headers: JSON_TYPE, body: '{"broken' }),
    ]);
    const evidence = {
      missing_resource: { status: missing.status, ...envelopeOf(missing) },
      malformed_body: { status: malformed.status, ...envelopeOf(malformed) },
    };
    const isClear =
      missing.status === 404 &&
      malformed.status === 400 &&
      [missing, malformed].every((answer) => envelopeOf(answer).has_trace_id && !leaks(answer));
    return isClear
      ? pass('Faults are answered in the envelope, with a trace id and without internals', evidence)
      : fail(
          'Faults are not answered as documented',
          evidence,
          'Let nothing in front of the platform rewrite its errors.',
        );
  }
}

function envelopeOf({ text }: SelfAnswer): { code: string | null; has_trace_id: boolean } {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; trace_id?: string } };
    return { code: error?.code ?? null, has_trace_id: typeof error?.trace_id === 'string' };
  } catch {
    return { code: null, has_trace_id: false };
  }
}

const leaks = ({ text }: SelfAnswer): boolean => /node_modules|\\n\s+at |\.[jt]s:\d+/.test(text);
