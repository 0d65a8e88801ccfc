/** Long enough to answer a question, short enough that ten fit into a tool's output. */
const PASSAGE_MAX_LENGTH = 900;

/** Cuts a document at its paragraphs; a long paragraph is cut at its sentences, a long sentence at a fixed length. */
export function splitIntoPassages(content: string): string[] {
  const paragraphs = content.split(/\n\s*\n/u).map((paragraph) => paragraph.trim());
  return joinHeadings(paragraphs.filter((paragraph) => paragraph !== '')).flatMap(cut);
}

/** A heading says what the paragraph under it is about, so the two stay together. */
function joinHeadings(paragraphs: string[]): string[] {
  const joined: string[] = [];
  let heading = '';
  for (const paragraph of paragraphs) {
    const isHeading = /^#{1,6}\s[^\n]*$/u.test(paragraph);
    if (isHeading && heading === '') heading = paragraph;
    else {
      joined.push(heading === '' ? paragraph : `${heading}\n${paragraph}`);
      heading = '';
    }
  }
  return heading === '' ? joined : [...joined, heading];
}

function cut(paragraph: string): string[] {
  if (paragraph.length <= PASSAGE_MAX_LENGTH) return [paragraph];
  const parts: string[] = [];
  let current = '';
  for (const sentence of paragraph.split(/(?<=[.!?\n])\s+/u).flatMap(pieces)) {
    if (current !== '' && current.length + sentence.length >= PASSAGE_MAX_LENGTH) {
      parts.push(current);
      current = '';
    }
    current = current === '' ? sentence : `${current} ${sentence}`;
  }
  return current === '' ? parts : [...parts, current];
}

function pieces(sentence: string): string[] {
  return sentence.match(new RegExp(`.{1,${PASSAGE_MAX_LENGTH}}`, 'gsu')) ?? [];
}
