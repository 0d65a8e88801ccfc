import { type ArgumentMetadata, type ValidationError as FieldError, ValidationPipe } from '@nestjs/common';
import { NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { storableBody } from './storable-body.js';

/** No id or path of this platform is longer; a table's key could not be. */
const PARAMETER_LIMIT_BYTES = 1000;

/** Takes bodies as they can be stored; a path parameter longer than any id names nothing. */
class RequestPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'param' && Buffer.byteLength(String(value)) > PARAMETER_LIMIT_BYTES)
      throw new NotFoundError('Resource', String(value).slice(0, 100));
    return super.transform(metadata.type === 'body' ? storableBody(value) : value, metadata);
  }
}

/** `details.fields` is flat: `agent_name_map.orchestrator: [reasons]`. */
function reasonsByField(errors: FieldError[], prefix = ''): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const error of errors) {
    const path = `${prefix}${error.property}`;
    if (error.constraints) fields[path] = Object.values(error.constraints);
    Object.assign(fields, reasonsByField(error.children ?? [], `${path}.`));
  }
  return fields;
}

/** Bodies and queries are checked against their DTO; unknown fields are refused by name. */
export const validationPipe = (): ValidationPipe =>
  new RequestPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: false,
    exceptionFactory: (errors: FieldError[]) => {
      const fields = reasonsByField(errors);
      return new ValidationError(`The request is not valid: ${Object.keys(fields).join(', ')}`, {
        details: { fields },
      });
    },
  });
