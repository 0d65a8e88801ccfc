const CATEGORIES: readonly [string, RegExp][] = [
  [
    'customer_service',
    /\b(?:customers?|support|complaints?|returns|refunds?|help ?desk|opening hours|faq|tickets?)\b/gi,
  ],
  [
    'finance',
    /\b(?:invoices?|budgets?|tax(?:es)?|prices?|expenses?|bank|loans?|interest|currency|currencies|accounting|salary|investments?)\b/gi,
  ],
  [
    'education',
    /\b(?:students?|teach(?:er|ing)?|tutor|learn(?:ing)?|lessons?|quiz|exams?|homework|school|course|vocabulary)\b/gi,
  ],
  [
    'content',
    /\b(?:write|writing|blog|articles?|posts?|newsletter|summari[sz]e|copy|editor|translate|translation|marketing)\b/gi,
  ],
  ['data_analysis', /\b(?:data|analy[sz]e|analysis|csv|json|statistics|reports?|charts?|metrics|query)\b/gi],
  ['software', /\b(?:code|coding|software|bugs?|api|deploy|developers?|pull requests?|tests?|log files?)\b/gi],
  [
    'planning',
    /\b(?:schedul\w+|calendar|meetings?|appointments?|plan(?:s|ning)?|travel|trips?|itinerary|deadlines?|dates?|time zones?)\b/gi,
  ],
  ['health', /\b(?:health|patients?|fitness|workouts?|nutrition|recipes?|diet|medical|sleep)\b/gi],
];

/** The field that most of the requirement's words belong to; `general` when none does. */
export function categoryOf(text: string): string {
  let best = 'general';
  let most = 0;
  for (const [category, words] of CATEGORIES) {
    const count = text.match(words)?.length ?? 0;
    if (count > most) [best, most] = [category, count];
  }
  return best;
}
