import type { Window } from '../../../statistics/window.js';
import type { SystemStatus } from '../health-rules.js';
import { ApiProperty } from '@nestjs/swagger';

/** How all partnerships do together. */
export class OrchestrationHealthDto {
  /**
   * healthy from a mean score of 85, degraded from 70 and while a polled partner does not answer, else critical; unknown
   * when none is measured.
   * @example healthy
   */
  status: SystemStatus;

  /**
   * The mean of the measured partnerships.
   * @example 95.2
   */
  score: number | null;

  /** @example 24h */
  window: Window;

  /** By id: health, score and every metric that has a value; `reason` says why a health is unknown. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    example: {
      cursor_technical: {
        health: 'excellent',
        score: 97.2,
        uptime: 100,
        success_rate: 100,
        response_time_p50: 61,
        response_time_p95: 85,
        requests: 240,
      },
      grok_brand: { health: 'unknown', score: null, reason: 'no probe is set: link agents or a health_url' },
    },
  })
  partnerships: Record<string, Record<string, unknown>>;

  /** @example 2026-11-20T10:00:00.000Z */
  last_updated: string;
}

/** What is measured of the partnerships of one type. */
export class PartnershipMetricsDto {
  /** @example technical_excellence */
  partnership_type: string;

  /**
   * The partnerships of this type.
   * @example ['cursor_technical']
   */
  partnerships: string[];

  /** @example 24h */
  window: Window;

  /** Percentages 0-100, response times in milliseconds, pushed metrics in their units; null when not known. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number', nullable: true },
    example: {
      uptime: 100,
      success_rate: 100,
      response_time_p50: 61,
      response_time_p95: 85,
      requests: 240,
      development_velocity: null,
    },
  })
  metrics: Record<string, number | null>;

  /** Why a metric is null. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { development_velocity: 'no measurement was pushed' },
  })
  reasons: Record<string, string>;

  /** Of pushed metrics: improving, declining or stable; null while there is only one value. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', nullable: true },
    example: { social_engagement: 'improving' },
  })
  trends: Record<string, string | null>;

  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;
}
