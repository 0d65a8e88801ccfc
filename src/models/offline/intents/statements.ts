import { type Fact, factsIn, isCount } from '../facts.js';
import type { Intent } from '../intent.js';

/** Confirms what the user tells about themselves, so that they see what will be remembered. */
export const statementIntent: Intent = ({ sentence }) => {
  const facts = factsIn(sentence);
  return facts.length === 0 ? undefined : { text: facts.map(confirm).join(' ') };
};

function confirm({ key, value }: Fact): string {
  switch (key) {
    case 'name':
      return `Nice to meet you, ${value}.`;
    case 'note':
      return `Noted: ${value}.`;
    case 'home':
      return `Noted: you live in ${value}.`;
    case 'work':
    case 'preference':
      return `Noted: ${value}.`;
    case 'age':
      return `Noted: you are ${value} years old.`;
    default:
      return isCount({ key, value }) ? `Noted: you have ${value} ${key}.` : `Noted: your ${key} is ${value}.`;
  }
}
