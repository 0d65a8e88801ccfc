import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';

export const RUNTIME_KINDS = ['local', 'http', 'agentcore'] as const;

/** Where an agent is to run. */
export class PlaceAgentDto {
  /**
   * local: inside the platform; http: in a container that runs elsewhere already; agentcore: on Amazon Bedrock AgentCore.
   * @example http
   */
  @IsIn(RUNTIME_KINDS)
  runtime: (typeof RUNTIME_KINDS)[number];

  /**
   * The base address of the agent's container, which answers `GET /ping` and `POST /invocations`; needed for http, and only
   * there. It is asked for its ping before the agent is moved.
   * @example 'https://shop-support.example.com'
   */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  endpoint_url?: string;
}
