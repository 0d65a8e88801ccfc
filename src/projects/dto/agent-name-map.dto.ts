import { IsOptional, IsString, Length } from 'class-validator';

/** A name by stage; any other key is refused by name. */
export class AgentNameMapDto {
  /** @example 'shop-support' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  orchestrator?: string;

  /** @example 'shop-support' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  requirements_analysis?: string;

  /** @example 'shop-support' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  system_architecture?: string;

  /** @example 'shop-support' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  agent_design?: string;

  /** @example 'shop-support' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  agent_developer_manager?: string;

  /** @example 'shop-support' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  agent_deployer?: string;
}
