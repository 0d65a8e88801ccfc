/** What a decision foretold when it was made; null where it could not. */
export interface Predictions {
  /** P(ROI > 0). */
  probability_of_success: number | null;
  cost: number | null;
  revenue: number | null;
  days: number;
}

/** What came of a decision. */
export interface Outcome {
  success: boolean;
  actual_cost: number | null;
  actual_revenue: number | null;
  actual_days: number | null;
  recorded_at: string;
  recorded_by: string;
}
