import type { Type } from '@nestjs/common';
import { ApiDocumentationReadiness } from './checks/api-documentation.check.js';
import { AuthenticationReadiness } from './checks/authentication.check.js';
import { BackupsReadiness } from './checks/backups.check.js';
import { BuildEngineReadiness } from './checks/build-engine.check.js';
import { CorsReadiness } from './checks/cors.check.js';
import { DatabaseReadiness } from './checks/database.check.js';
import { EnvironmentReadiness } from './checks/environment.check.js';
import { ErrorHandlingReadiness } from './checks/error-handling.check.js';
import { LoggingReadiness } from './checks/logging.check.js';
import { ModelProviderReadiness } from './checks/model-provider.check.js';
import { MonitoringReadiness } from './checks/monitoring.check.js';
import { PartnershipsReadiness } from './checks/partnerships.check.js';
import { RateLimitingReadiness } from './checks/rate-limiting.check.js';
import { SecurityHeadersReadiness } from './checks/security-headers.check.js';
import { TlsReadiness } from './checks/tls.check.js';
import type { ReadinessCheck } from './readiness-check.js';

/** In the order in which they are answered. */
export const READINESS_CHECKS: Type<ReadinessCheck>[] = [
  EnvironmentReadiness,
  AuthenticationReadiness,
  SecurityHeadersReadiness,
  RateLimitingReadiness,
  ErrorHandlingReadiness,
  LoggingReadiness,
  MonitoringReadiness,
  PartnershipsReadiness,
  DatabaseReadiness,
  BackupsReadiness,
  ApiDocumentationReadiness,
  TlsReadiness,
  CorsReadiness,
  ModelProviderReadiness,
  BuildEngineReadiness,
];
