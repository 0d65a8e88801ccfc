import type { Type } from '@nestjs/common';
import { AuthenticationComponent } from './checks/authentication.check.js';
import { BuildEngineComponent } from './checks/build-engine.check.js';
import { DatabaseComponent } from './checks/database.check.js';
import { MetricsCollectorComponent } from './checks/metrics-collector.check.js';
import { ModelProviderComponent } from './checks/model-provider.check.js';
import { PartnershipProbesComponent } from './checks/partnership-probes.check.js';
import { RuntimesComponent } from './checks/runtimes.check.js';
import type { ComponentCheck } from './component-check.js';

/** In the order in which they are answered. */
export const COMPONENT_CHECKS: Type<ComponentCheck>[] = [
  DatabaseComponent,
  BuildEngineComponent,
  ModelProviderComponent,
  RuntimesComponent,
  AuthenticationComponent,
  MetricsCollectorComponent,
  PartnershipProbesComponent,
];
