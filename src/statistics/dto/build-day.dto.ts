import { ApiProperty } from '@nestjs/swagger';
import type { BuildDay } from '../statistics-view.js';

/** Builds that ended on one day, UTC. */
export class BuildDayDto implements BuildDay {
  /** @example "2026-11-20" */
  date: string;

  /** @example 5 */
  total_builds: number;

  /** @example 4 */
  successful_builds: number;

  /** @example 1 */
  failed_builds: number;

  /**
   * Average over the builds that ended that day, failed ones too; null on a day without builds.
   * @example 3.8
   */
  avg_duration_minutes: number | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { agent_deployer: 4, agent_developer_manager: 1 },
    description: 'How many builds ended in each stage; stages without any are absent.',
  })
  builds_by_stage: Record<string, number>;
}
