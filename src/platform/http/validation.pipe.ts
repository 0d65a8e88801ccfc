import { type ValidationError as FieldError, ValidationPipe } from '@nestjs/common';
import { ValidationError } from '../../shared/domain-error.js';

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
  new ValidationPipe({
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
