export class EndpointParameterDto {
  /** @example window */
  name: string;

  /**
   * path, query or header.
   * @example query
   */
  in: string;

  /** @example false */
  required: boolean;

  /** @example 'How far back to look' */
  description: string;

  /** @example string */
  type?: string;
}

export class EndpointDto {
  /** @example GET */
  method: string;

  /** @example /api/v1/orchestration/health */
  path: string;

  /** @example 'Get the health of the partnerships' */
  description: string;

  /**
   * The least role that may call it.
   * @example orchestration_manager
   */
  authentication: string;

  parameters: EndpointParameterDto[];

  /**
   * A body that the route takes; absent where it takes none.
   * @example {"context": {"business_goal": "Sell in Portugal"}}
   */
  request_example?: unknown;

  /** @example {"status": "healthy"} */
  response_example: unknown;

  /** @example {"403": "The role does not allow it."} */
  errors: Record<string, string>;
}

export class EndpointAuthenticationDto {
  /** @example Bearer */
  type: string;

  /** @example Authorization */
  header: string;

  /** @example ["orchestration_manager", "admin", "system_admin"] */
  required_roles: string[];

  /**
   * Seconds.
   * @example 900
   */
  token_expiry: number;

  /** @example true */
  refresh_available: boolean;
}

export class EndpointRateLimitDto {
  /**
   * Requests per client and window.
   * @example 100
   */
  limit: number;

  /** @example 60 */
  window_seconds: number;

  /** @example ["X-RateLimit-Limit", "Retry-After"] */
  headers: string[];
}

/** Read out of the OpenAPI document. */
export class EndpointDocsDto {
  /** @example 1.0.0 */
  api_version: string;

  /** @example /api/v1/orchestration */
  base_url: string;

  authentication: EndpointAuthenticationDto;

  rate_limiting: EndpointRateLimitDto;

  /**
   * By operation id.
   * @example {"getOrchestrationHealth": {"method": "GET", "path": "/api/v1/orchestration/health"}}
   */
  endpoints: Record<string, EndpointDto>;
}
