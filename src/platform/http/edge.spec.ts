import type { Request, Response } from 'express';
import { Intake } from './edge.js';

function intake() {
  const turns: (() => void)[] = [];
  const clock = { now: 0 };
  const gate = new Intake({ later: (callback) => turns.push(callback), now: () => clock.now });
  const begun: string[] = [];
  const refused: string[] = [];
  const come = (url: string, response = {} as Response): void => {
    const request = { url } as Request;
    gate.take(request, response, () =>
      gate.refuse(request, response, (error?: unknown) => void (error ? refused : begun).push(url)),
    );
  };
  const turn = () => turns.splice(0).forEach((callback) => callback());
  return { come, turn, clock, begun, refused };
}

const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `/${from + index}`);

it('lets eight requests begin in a turn, the others in their order in the next turns', () => {
  const { come, turn, begun } = intake();
  names(1, 20).forEach((url) => come(url));
  expect(begun).toEqual(names(1, 8));
  turn();
  come('/21');
  expect(begun).toEqual(names(1, 16));
  turn();
  expect(begun).toEqual(names(1, 21));
});

it('begins at once again after a turn without requests', () => {
  const { come, turn, begun } = intake();
  names(1, 8).forEach((url) => come(url));
  turn();
  turn();
  come('/9');
  expect(begun).toEqual(names(1, 9));
});

it('refuses what has waited for over a second, all of it in one turn, and forgets callers that have gone', () => {
  const { come, turn, clock, begun, refused } = intake();
  names(1, 30).forEach((url) => come(url));
  come('/gone', { destroyed: true } as Response);
  clock.now = 1_001;
  come('/late');
  turn();
  expect(begun).toEqual([...names(1, 8), '/late']);
  expect(refused).toEqual(names(9, 30));
});

it('never lets probes wait', () => {
  const { come, begun } = intake();
  names(1, 30).forEach((url) => come(url));
  come('/health/live');
  expect(begun).toEqual([...names(1, 8), '/health/live']);
});
