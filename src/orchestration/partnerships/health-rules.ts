import type { Direction } from './partnership.js';

export type Health = 'excellent' | 'good' | 'fair' | 'poor' | 'unknown';
export type SystemStatus = 'healthy' | 'degraded' | 'critical' | 'unknown';

/** Tolerance for rounding when a mean is compared with a limit. */
const NOISE = 1e-9;

const clamped = (points: number): number => Math.min(100, Math.max(0, points));

export const pointsOfPercentage = (value: number): number => clamped(value);

/** 100 points at 0 ms, one less for every 10 ms. */
export const pointsOfLatency = (p95_ms: number): number => clamped(100 - p95_ms / 10);

/** @param target more than 0 */
export function pointsOfTarget(value: number, target: number, direction: Direction): number {
  if (direction === 'higher') return clamped((100 * value) / target);
  return value <= 0 ? 100 : clamped((100 * target) / value);
}

/** The mean, with one decimal; null without any. */
export function scoreOf(points: number[]): number | null {
  const mean = meanOf(points);
  return mean === null ? null : Math.round(mean * 10) / 10;
}

/**
 * Classifies a score. A partner that does not answer now is at best `fair`: the score of a long window would show the outage
 * only hours later.
 */
export function healthOf(score: number | null, isDown = false): Health {
  if (score === null) return 'unknown';
  if (score < 60) return 'poor';
  if (score < 75 || isDown) return 'fair';
  return score < 90 ? 'good' : 'excellent';
}

/** Classifies the mean of the measured partnerships. While one of them is down, the system is at best `degraded`. */
export function systemStatusOf(scores: (number | null)[], isAnyDown = false): SystemStatus {
  const mean = meanOf(scores.filter((score) => score !== null));
  if (mean === null) return 'unknown';
  if (mean < 70 - NOISE) return 'critical';
  return mean < 85 - NOISE || isAnyDown ? 'degraded' : 'healthy';
}

/** The mean progress of deliverables, with one decimal. */
export const progressOf = scoreOf;

/** Classifies the progress of deliverables; its limits differ from those of a score. */
export function progressHealthOf(progress: number | null): Health {
  if (progress === null) return 'unknown';
  if (progress < 50) return 'poor';
  if (progress < 70) return 'fair';
  return progress < 85 ? 'good' : 'excellent';
}

export function meanOf(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
