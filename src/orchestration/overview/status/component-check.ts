export type ComponentHealth = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';

export interface ComponentState {
  status: ComponentHealth;
  message: string;
}

/** Looks at one part of the platform. */
export abstract class ComponentCheck {
  /** As answers call it. */
  abstract readonly name: string;

  /** May throw: then the part is unhealthy. Is given a second and a half. */
  abstract look(): Promise<ComponentState>;
}
