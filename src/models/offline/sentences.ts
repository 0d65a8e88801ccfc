import { PHRASES } from './vocabulary.js';

/** Rules read single sentences; a longer one is not something a person asks in passing. */
const SENTENCE_MAX_LENGTH = 500;
const SENTENCES_MAX = 12;
const SENTENCE_END = new RegExp(PHRASES.sentence_end, 'u');
const CLAUSE_END = new RegExp(PHRASES.clause_end, 'iu');
const QUESTION = new RegExp(PHRASES.question, 'iu');
const ORDER = new RegExp(PHRASES.order, 'iu');
const FILLERS = new RegExp(PHRASES.fillers, 'iu');

/** The sentences of a message, bounded in number and length so that no message can make the rules slow. */
export function sentencesOf(message: string): string[] {
  const sentences = message.slice(0, SENTENCE_MAX_LENGTH * SENTENCES_MAX).split(SENTENCE_END);
  const parts = sentences.flatMap((sentence) => sentence.slice(0, SENTENCE_MAX_LENGTH).split(CLAUSE_END));
  return parts.flatMap((part) => part.trim().replace(/\s+/g, ' ') || []).slice(0, SENTENCES_MAX);
}

export const isQuestion = (sentence: string): boolean => QUESTION.test(sentence);

/** A question or an order: something that wants an answer. */
export const isRequest = (sentence: string): boolean => isQuestion(sentence) || ORDER.test(essence(sentence));

/** Without leading politeness and fillers, and without the mark at the end. */
export function essence(sentence: string): string {
  const told = sentence.trim().replace(FILLERS, '');
  return told.replace(/(?<![\s?!.,])[\s?!.,]+$/, '').replace(/,?\s{1,9}please$/i, '');
}
