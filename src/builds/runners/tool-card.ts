import { z } from 'zod';
import type { ToolCatalogue } from '../../tools/tool-catalogue.js';
import { wishesIn } from './offline/wishes.js';

/** What a step's model gets to know about a tool. */
export const toolCardSchema = z.object({
  name: z.string(),
  description: z.string(),
  /** The catalogue's own rules say that the requirement asks for it. */
  suggested: z.boolean(),
});

export type ToolCard = z.infer<typeof toolCardSchema>;

export function toolCards(catalogue: ToolCatalogue, requirement: string): ToolCard[] {
  const suggested = new Set(catalogue.matching(wishesIn(requirement)).map((tool) => tool.name));
  return catalogue.list().map(({ name, description }) => ({ name, description, suggested: suggested.has(name) }));
}
