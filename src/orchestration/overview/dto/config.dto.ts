export class PartnershipSettingDto {
  /** @example true */
  enabled: boolean;

  /** @example high */
  priority: string;
}

export class ConfigurationGroupsDto {
  /** @example {"rate_limit_per_minute": 600, "timeout_seconds": 60, "max_payload_bytes": 10485760, "cors_enabled": false} */
  api_settings: Record<string, unknown>;

  /** @example {"access_token_seconds": 900, "max_login_attempts": 5, "secrets": {"JWT_SECRET_KEY": "[redacted]"}} */
  security_settings: Record<string, unknown>;

  /** @example {"database": "dynamodb", "build_slots": 4, "model_provider": "openai"} */
  orchestration_settings: Record<string, unknown>;

  /** @example {"grok_brand": {"enabled": true, "priority": "medium"}} */
  partnership_settings: Record<string, PartnershipSettingDto>;
}

export class ConfigurationDto {
  configuration: ConfigurationGroupsDto;

  /**
   * Since when these settings are effective: the start of the process.
   * @example '2026-11-21T08:00:00.000Z'
   */
  last_updated: string;

  /** @example 1.0.0 */
  version: string;
}
