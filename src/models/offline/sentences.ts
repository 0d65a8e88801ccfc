/** Rules read single sentences; a longer one is not something a person asks in passing. */
const SENTENCE_MAX_LENGTH = 500;
const SENTENCES_MAX = 12;

const SENTENCE_END = /(?<=[?!])\s+|(?<=[^\d\s]{2}\.)\s+|(?<=\d\.)\s+(?=\p{Lu})|\n+|;\s+/u;

/** Where a second request starts inside a sentence: after a greeting, "and what is ...", "then double ...". */
const CLAUSE_START =
  /(?<=^(?:hi|hello|hey)(?: there)?),\s{1,9}|,?\s{1,9}and\s{1,9}(?=(?:what(?:['’]s| is| was| did| are)|who (?:am|is|are)|where (?:do|am|is)|how (?:many|much|old))\b)|,?\s{1,9}(?:and )?then\s{1,9}(?=(?:double|triple|halve|add|subtract|multiply|divide|convert|square)\b)/iu;

/** The sentences of a message, bounded in number and length so that no message can make the rules slow. */
export function sentencesOf(message: string): string[] {
  const cut = message.slice(0, SENTENCE_MAX_LENGTH * SENTENCES_MAX);
  const sentences = cut
    .split(SENTENCE_END)
    .flatMap((sentence) => sentence.slice(0, SENTENCE_MAX_LENGTH).split(CLAUSE_START));
  return sentences
    .map((sentence) => sentence.trim().replace(/\s+/g, ' ').slice(0, SENTENCE_MAX_LENGTH))
    .filter((sentence) => sentence !== '')
    .slice(0, SENTENCES_MAX);
}

export function isQuestion(sentence: string): boolean {
  return (
    /[?？؟]\s*$/.test(sentence) ||
    /^(?:so |and |then |ok(?:ay)?,? )?(?:what|who|whom|whose|where|when|why|which|how|is|are|do|does|did|can|could|will|would|should)\b/i.test(
      sentence,
    )
  );
}

/** A question or an order: something that wants an answer. */
export function isRequest(sentence: string): boolean {
  const order =
    /^(?:tell|write|give|show|find|explain|describe|make|create|send|book|buy|translate|search|list|call|play|open|draw|sing|recommend|suggest|compare|plan)\b/i;
  return isQuestion(sentence) || order.test(essence(sentence));
}

/** Without leading politeness and fillers, and without the mark at the end. */
export function essence(sentence: string): string {
  const fillers =
    /^(?:(?:please|hey|hi|hello|ok|okay|so|now|then|and|well|great|thanks|cool)[,!]?\s+|(?:can|could|would|will) you (?:please )?|i(?:'d| would) like (?:you )?to )+/i;
  return sentence
    .trim()
    .replace(fillers, '')
    .replace(/(?<![\s?!.,])[\s?!.,]+$/, '')
    .replace(/,?\s{1,9}please$/i, '');
}
