import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

export class WebhookDto {
  /**
   * Receives a POST request when the run ends. A public http or https URL, such as `https://example.com/hooks/nexus`.
   */
  @IsString()
  @Length(1, 2_000)
  url: string;
}

export class InvokeAgentDto {
  /**
   * 1 to 100,000 characters.
   * @example 'What is 1234 * 56?'
   */
  @IsString()
  @Length(1, 100_000)
  input_text: string;

  /** The session to continue. If absent, the run is independent of other runs. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  session_id?: string;

  /**
   * With session_id: continues after this many messages of the session. If the session has more, the run continues in a copy of those
   * messages (at most the last 90 of them). The response has the copy's session_id.
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  after?: number;

  /**
   * Also returns every step of the run.
   * @example true
   */
  @IsOptional()
  @IsBoolean()
  enable_trace?: boolean;

  /**
   * Closes the session after this answer.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  end_session?: boolean;

  /**
   * Facts for this run, passed to the model as context.
   * @example {"customer_level": "gold"}
   */
  @IsOptional()
  @IsObject()
  session_state?: Record<string, unknown>;

  /**
   * Returns 202 immediately. The run continues if the client disconnects. With `Accept: text/event-stream`, streams its events instead.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  background?: boolean;

  /**
   * Runs this version of the agent instead of its current one. The model, approvals and output schema that are set on the agent itself
   * still apply. Only for agents on the `local` runtime.
   */
  @IsOptional()
  @IsString()
  @Length(1, 50)
  version?: string;

  /**
   * Runs on this model instead of the agent's. `<provider>:<id>` names a model of another configured provider. Only for agents on
   * the `local` runtime.
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string;

  /** Receives a signed request when a background run ends. */
  @IsOptional()
  @ValidateNested()
  @Type(() => WebhookDto)
  webhook?: WebhookDto;
}

export class DecideApprovalDto {
  /**
   * True approves the call, false refuses it.
   * @example true
   */
  @IsBoolean()
  approve: boolean;

  /**
   * A comment. The agent sees it if the call is refused.
   * @example 'The customer confirmed it'
   */
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  comment?: string;
}
