/** A line break inside an item could pose as a heading or an item of its own. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

export function bulletList(items: readonly string[]): string {
  return items.map((item) => `- ${oneLine(item)}`).join('\n');
}

export function numberedList(items: readonly string[]): string {
  return items.map((item, index) => `${index + 1}. ${oneLine(item)}`).join('\n');
}

/** Empty when there is nothing to list. */
export function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `## ${oneLine(title)}\n\n${bulletList(items)}`;
}

/** Parts with a blank line between them, empty ones left out. */
export function markdownOf(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
