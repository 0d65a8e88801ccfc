import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsOptional, IsString, Length, ValidateNested } from 'class-validator';

export class WebhookDto {
  /**
   * Called by POST when the run has ended: http or https, public.
   * @example https://example.com/hooks/nexus
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

  /** The conversation to go on with; without it the run is on its own. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  session_id?: string;

  /**
   * Answers every step of the run too.
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
   * Facts for this run, given to the model as context.
   * @example {"customer_level": "gold"}
   */
  @IsOptional()
  @IsObject()
  session_state?: Record<string, unknown>;

  /**
   * Answers 202 at once; the run goes on whatever its listeners do. With `Accept: text/event-stream` its events stream.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  background?: boolean;

  /** Told how a background run ended, in a signed call. */
  @IsOptional()
  @ValidateNested()
  @Type(() => WebhookDto)
  webhook?: WebhookDto;
}
