/** What the rules read of a context; every number finite and within its bounds. Money is in the caller's own currency. */
export interface DecisionInputs {
  revenue_impact: number;
  customer_impact: number;
  operational_impact: number;
  /** Null when the context does not say: then nothing can be approved. */
  estimated_cost: number | null;
  expected_revenue: number | null;
  budget: number | null;
  estimated_days: number;
  team_members: number;
  /** Scales of 0 to 10. */
  complexity_score: number;
  technical_complexity: number;
  market_uncertainty: number;
  /** Higher is better. */
  resource_availability: number;
  timeline_pressure: number;
}

export type InputName = keyof DecisionInputs;

/** A partner that a context says it needs, and which of its keys said so. */
export interface NeededPartner {
  id: string;
  because: string;
}

/** A context that was checked. */
export interface DecisionContext {
  /** What people know it by: its `name`, else its `business_goal`. */
  name: string | null;
  business_goal: string | null;
  inputs: DecisionInputs;
  /** Secondary inputs that the context does not hold, with the value that was taken instead. */
  assumed: Partial<Record<InputName, number>>;
  missing: InputName[];
  partners: NeededPartner[];
  alternatives: DecisionContext[];
}
