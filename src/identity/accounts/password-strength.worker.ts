import { serve } from '../../platform/async/worker-jobs.js';
import { lazily } from '../../platform/async/lazily.js';

export interface StrengthRequest {
  password: string;
  /** What a guesser knows of the user. */
  own: string[];
}

/** zxcvbn with its common and English dictionaries: 100,000 passwords, words and names, keyboard rows, dates, repeats. */
const estimator = lazily(async () => {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const dictionary = { ...common.dictionary, ...english.dictionary };
  return new ZxcvbnFactory({ dictionary, graphs: common.adjacencyGraphs });
});

export const strengthJobs = {
  /** The decimal logarithm of the guesses that a password takes. */
  guesses: async () => {
    const known = await estimator();
    return ({ password, own }: StrengthRequest): number => known.check(password, own).guessesLog10;
  },
};

export default serve(strengthJobs);
