import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import { GroupCommit } from './group-commit.js';

/** A commit that ends when it is told to. */
function gated(refuses: (item: number) => Error | undefined = () => undefined) {
  const groups: number[][] = [];
  const gates: (() => void)[] = [];
  const commits = new GroupCommit<number>(async (items) => {
    groups.push(items);
    await new Promise<void>((resolve) => gates.push(resolve));
    const [refusal] = items.flatMap((item) => refuses(item) ?? []);
    if (refusal) throw refusal;
  }, 3);
  /** Lets commits end until nothing is under way. */
  const open = async () => {
    for (let gate = gates.shift(); gate; gate = gates.shift()) {
      gate();
      await new Promise(setImmediate);
    }
  };
  return { commits, groups, open };
}

it('commits what is alone at once, and what arrives meanwhile together, up to the limit', async () => {
  const { commits, groups, open } = gated();
  const all = Promise.all([1, 2, 3, 4, 5].map((item) => commits.add(item)));
  await open();
  await all;
  expect(groups).toEqual([[1], [2, 3, 4], [5]]);
});

it('lets only the bad one of a group fail', async () => {
  const { commits, groups, open } = gated((item) => (item === 3 ? new Error('refused') : undefined));
  const all = Promise.allSettled([1, 2, 3, 4].map((item) => commits.add(item)));
  await open();
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(groups).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
});

it('does not repeat what a database that went away may have stored', async () => {
  const { commits, groups, open } = gated((item) => (item === 2 ? new DatabaseUnavailableError('gone') : undefined));
  const all = Promise.allSettled([1, 2, 3].map((item) => commits.add(item)));
  await open();
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(groups).toEqual([[1], [2, 3]]);
  const later = commits.add(4);
  await open();
  await expect(later).resolves.toBeUndefined();
});
