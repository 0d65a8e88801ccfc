import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsObject, IsOptional, IsString, Length, MaxLength, Min } from 'class-validator';
import { PageQuery } from '../platform/http/page.dto.js';
import { Packed } from '../platform/http/validation.pipe.js';
import { FAULT_CODES, type FaultCode } from './definition/definition-check.js';
import { FLOW_STATUSES, type FlowStatus } from './flow.js';

const DEFINITION_EXAMPLE = {
  input_schema: { type: 'object', required: ['order_id'], properties: { order_id: { type: 'string' } } },
  timeout_seconds: 3600,
  steps: [
    { id: 'order', http: { url: 'https://api.example.com/orders/${{ input.order_id }}' } },
    { id: 'total', needs: ['order'], transform: '${{ steps.order.output.body.total }}' },
  ],
  output: '${{ steps.total.output }}',
};

export class CreateFlowDto {
  @ApiProperty({ example: 'Refund an order' })
  @IsString()
  @Length(1, 200)
  name: string;

  /** @example Checks the order, asks a person, and refunds it */
  @IsOptional()
  @IsString()
  @MaxLength(5000)
  description?: string;

  /** Steps and settings, as described in docs/flows.md. A draft can have faults; the response lists them. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: DEFINITION_EXAMPLE })
  @Packed()
  @IsObject()
  definition: Record<string, unknown>;
}

/** At least one field beside `revision`. */
export class UpdateFlowDto {
  /**
   * The revision that you read. Returns 409 if the flow has changed since.
   * @example 3
   */
  @IsInt()
  @Min(1)
  revision: number;

  /** @example Refund an order */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @IsOptional()
  @IsString()
  @MaxLength(5000)
  description?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: DEFINITION_EXAMPLE })
  @IsOptional()
  @Packed()
  @IsObject()
  definition?: Record<string, unknown>;
}

export class ValidateFlowDto {
  @ApiProperty({ type: 'object', additionalProperties: true, example: DEFINITION_EXAMPLE })
  @Packed()
  @IsObject()
  definition: Record<string, unknown>;
}

export class DraftFlowDto {
  /** What the flow does, in plain language. */
  @ApiProperty({
    example: 'When a refund is requested, look up the order, ask an admin if it is above 100 dollars, and refund it.',
  })
  @IsString()
  @Length(10, 10_000)
  requirement: string;

  /** A model to use instead of the configured one. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model_id?: string;
}

export class ListFlowsQuery extends PageQuery {
  /** Only flows in this state. By default, all except archived flows. */
  @IsOptional()
  @IsIn(FLOW_STATUSES)
  status?: FlowStatus;
}

export class FlowFaultDto {
  /**
   * Location in the definition. Empty for the whole definition.
   * @example 'steps[1].needs[0]'
   */
  path: string;

  @ApiProperty({ enum: FAULT_CODES, enumName: 'FlowFaultCode', example: 'unknown_step' })
  code: FaultCode;

  @ApiProperty({ example: 'There is no step "ordr".' })
  message: string;

  /** @example 'Use one of: order, judge.' */
  suggestion: string;
}

class DraftUsageDto {
  /** @example 3120 */
  input_tokens: number;

  /** @example 840 */
  output_tokens: number;
}

export class FlowDraftDto {
  /** @example Refund an order */
  name: string;

  description: string;

  /** A definition for `POST /flows`. It is not stored. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: DEFINITION_EXAMPLE })
  definition: Record<string, unknown>;

  /** What must be corrected before the flow can be published. Usually empty. */
  faults: FlowFaultDto[];

  /** @example gpt-4o */
  model: string;

  usage: DraftUsageDto;

  /** US dollars at list price. Null if the model's price is unknown. */
  cost_usd: number | null;
}

export class FlowDto {
  /** @example flow_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  flow_id: string;

  /** @example Refund an order */
  name: string;

  description: string;

  /** `draft` while the definition differs from the latest version. Runs still use that version. */
  @ApiProperty({ enum: FLOW_STATUSES, example: 'published' })
  status: FlowStatus;

  /**
   * The latest published version. Null before the first.
   * @example 2
   */
  version: number | null;

  /**
   * Send it with the next change.
   * @example 3
   */
  revision: number;

  @ApiProperty({ type: 'object', additionalProperties: true })
  definition: Record<string, unknown>;

  /** Faults in the structure and step order of the definition. Publishing also checks references. */
  faults: FlowFaultDto[];

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  updated_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  published_at: string | null;
}

export class FlowListDto {
  flows: FlowDto[];

  /** @example 1 */
  total: number;

  last_key: string | null;
}

export class FlowVersionDto {
  /** @example flow_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  flow_id: string;

  /** @example 2 */
  version: number;

  @ApiProperty({ type: 'object', additionalProperties: true })
  definition: Record<string, unknown>;

  /** @example 2026-11-20T10:00:00.000Z */
  published_at: string;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  published_by: string;
}

export class FlowVersionListDto {
  versions: FlowVersionDto[];

  /** @example 2 */
  total: number;

  last_key: string | null;
}

export class FlowValidationDto {
  /** Whether the flow can be published. */
  valid: boolean;

  faults: FlowFaultDto[];
}
