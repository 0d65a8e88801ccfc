import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { MOCK_MODES, type MockMode } from '../integration.js';

export class TurnMockDto {
  /** `on` serves the mock; `instead` also answers calls of operations from it. */
  @ApiPropertyOptional({ enum: MOCK_MODES, default: 'on', example: 'on' })
  @IsOptional()
  @IsIn(MOCK_MODES)
  mode?: MockMode;
}

export class MockDto {
  integration_id: string;

  mode: MockMode;

  /**
   * The mock's address on this platform; null when it is off.
   * @example /mock/int_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  path: string | null;
}
