import { APICallError, LoadAPIKeyError, LoadSettingError } from '@ai-sdk/provider';
import { ModelError, type ModelErrorOptions, type ModelFault } from '../model-error.js';
import { retryAfterMsOf } from '../../shared/retry-after.js';

const REASON_MAX = 300;

/** Who was asked for what; it stands in every error. */
export interface Called {
  provider: string;
  model: string;
}

/** Everything that a provider's SDK throws, as a {@link ModelError} whose fault tells what went wrong. */
export function providerFailure(error: unknown, called: Called): ModelError {
  if (error instanceof ModelError) return error;
  if (LoadAPIKeyError.isInstance(error) || LoadSettingError.isInstance(error))
    return failure('authentication', called, { cause: error });
  if (!APICallError.isInstance(error)) return failure(faultOfStream(error), called, { cause: error });
  if (error.statusCode === undefined) return failure('outage', called, { cause: error });
  if (error.statusCode < 400) return failure(faultOfStream(error.cause), called, { cause: error });
  const fault = faultOfStatus(error.statusCode, bodyOf(error));
  const retryAfterMs = retryAfterMsOf(error.responseHeaders);
  return failure(fault, called, {
    cause: error,
    details: { provider_status: error.statusCode },
    ...(fault === 'rate_limit' ? { transient: !isOutOfCredit(error) } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(fault === 'invalid_request' ? { reason: error.message.slice(0, REASON_MAX) } : {}),
  });
}

/** The provider's words are left out, but of a refused request: they may name the key or the account. */
export function failure(
  fault: ModelFault,
  called: Called,
  options: ModelErrorOptions & { reason?: string } = {},
): ModelError {
  const { reason, ...rest } = options;
  return new ModelError(`${sentence(fault, called)}${reason === undefined ? '' : `: ${reason}`}`, {
    ...rest,
    fault,
    details: { ...called, ...rest.details },
  });
}

function sentence(fault: ModelFault, { provider, model }: Called): string {
  const sentences: Record<ModelFault, string> = {
    authentication: `The model provider ${provider} refused the key or credentials of the platform`,
    unknown_model: `The model provider ${provider} has no model ${model}`,
    invalid_request: `The model provider ${provider} refused the request to ${model}`,
    rate_limit: `The model provider ${provider} rate-limits calls to ${model}`,
    timeout: `The model ${model} did not respond in time`,
    outage: `The model provider ${provider} is not available`,
    refusal: `The model ${model} declined to answer`,
    truncated: `The answer from the model ${model} was cut off at the output token limit`,
    malformed: `The model provider ${provider} returned an answer that cannot be read`,
    internal: `The call to the model ${model} failed`,
  };
  return sentences[fault];
}

function faultOfStatus(status: number, body: string): ModelFault {
  if (status === 401 || status === 403) return 'authentication';
  if (status === 404 || namesUnknownModel(body)) return 'unknown_model';
  if (status === 408) return 'timeout';
  if (status === 409 || status >= 500) return 'outage';
  if (status === 429) return 'rate_limit';
  return 'invalid_request';
}

/** A failure inside a stream: the provider's own error object, a broken connection, or a chunk that is no JSON. */
function faultOfStream(error: unknown): ModelFault {
  const text = JSON.stringify(error) ?? '';
  if (/rate_limit|throttling/i.test(text)) return 'rate_limit';
  const name = error instanceof Error ? error.name : '';
  return /JSONParse|TypeValidation/.test(name) ? 'malformed' : 'outage';
}

function namesUnknownModel(body: string): boolean {
  return /model_not_found|model identifier is invalid|invalid model/i.test(body);
}

/** OpenAI says by 429 also that the account has no money left, which no retry mends. */
function isOutOfCredit(error: APICallError): boolean {
  return /insufficient_quota|billing/i.test(bodyOf(error));
}

function bodyOf(error: APICallError): string {
  return error.responseBody ?? '';
}
