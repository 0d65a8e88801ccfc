import { DEFAULT_PROBE, type Partnership } from './partnership.js';

type Seed = Pick<
  Partnership,
  'id' | 'name' | 'partnership_type' | 'ai_partner' | 'our_role' | 'partner_role' | 'priority'
> & { deliverables: string[] };

const SEEDS: Seed[] = [
  {
    id: 'cursor_technical',
    name: 'Technical Excellence',
    partnership_type: 'technical_excellence',
    ai_partner: 'Cursor',
    our_role: 'Sets the architecture, reviews what is built',
    partner_role: 'Writes and improves code',
    priority: 'high',
    deliverables: ['microservices', 'personalisation_engine', 'payments', 'mobile_platform'],
  },
  {
    id: 'grok_brand',
    name: 'Brand Amplification',
    partnership_type: 'brand_amplification',
    ai_partner: 'Grok',
    our_role: 'Sets the positioning, approves what is published',
    partner_role: 'Finds trends and amplifies the brand',
    priority: 'medium',
    deliverables: ['positioning', 'content_library', 'influencers', 'social_commerce'],
  },
  {
    id: 'claude_strategic',
    name: 'Strategy',
    partnership_type: 'strategy',
    ai_partner: 'Claude',
    our_role: 'Sets the goals, takes the decisions',
    partner_role: 'Analyses, weighs and plans',
    priority: 'high',
    deliverables: ['strategic_plan', 'decision_reviews', 'risk_register'],
  },
  {
    id: 'perplexity_research',
    name: 'Research',
    partnership_type: 'research',
    ai_partner: 'Perplexity',
    our_role: 'Asks the questions, checks the sources',
    partner_role: 'Researches markets, competitors and technology',
    priority: 'medium',
    deliverables: ['market_research', 'competitor_watch', 'technology_radar'],
  },
];

/** What an organisation begins with: not linked to anything, so nothing is measured, and no deliverable is begun. */
export function defaultPartnerships(org_id: string, at: string): Partnership[] {
  return SEEDS.map(({ deliverables, ...seed }) => ({
    ...seed,
    org_id,
    enabled: true,
    probe: DEFAULT_PROBE,
    success_metrics: [],
    deliverables: deliverables.map((name) => ({ name, progress: 0, status: 'not_started', last_updated: at })),
    created_at: at,
    updated_at: at,
    revision: 1,
  }));
}
