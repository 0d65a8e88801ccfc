/** Words for money. They may stand behind a number in a calculation; converting between them needs a rate of the day. */
export const CURRENCY_WORD =
  /\b(?:euros?|eur|dollars?|usd|pounds sterling|gbp|francs?|chf|yen|jpy|rupees?|inr|yuan|cny|pesos?|kronor|kroner|bucks|cents?)\b/iu;
