import { IsIn, IsOptional } from 'class-validator';
import { type Window, WINDOWS } from '../../../statistics/window.js';

export class WindowQuery {
  /**
   * How far back is measured; 24h unless told otherwise.
   * @example 24h
   */
  @IsOptional()
  @IsIn(WINDOWS)
  window?: Window;
}
