import { jest } from '@jest/globals';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { newSession, type Session } from './session.js';
import { SessionBusyError } from './sessions.errors.js';
import type { SessionsRepository } from './sessions.repository.js';
import type { SessionsService } from './sessions.service.js';
import { SessionTurns } from './session-turns.service.js';

const AT = '2026-11-20T10:00:00.000Z';
const OPEN = newSession({ org_id: 'org_a', user_id: 'usr_a', agent_id: 'proj:agent' }, 'sess_1', AT);

/** A repository of one session, whose turn another process holds while `taken` is true. */
function turnsOf(given: { stored?: Session | undefined; taken?: boolean } = {}) {
  const stored = 'stored' in given ? given.stored : OPEN;
  const calls: string[] = [];
  const state = { taken: given.taken ?? false };
  const repository = {
    takeTurn: async () => {
      calls.push('take');
      return state.taken || !stored ? undefined : stored;
    },
    findById: async () => stored,
    renewTurn: async () => undefined,
    append: async (session: Session, messages: unknown[], { endsTurn }: { endsTurn: boolean }) => {
      calls.push(endsTurn ? 'append and end' : 'append');
      return { ...session, message_count: session.message_count + messages.length };
    },
    endTurn: async () => void calls.push('end'),
  };
  const sessions = { find: async () => undefined };
  const clock = new Clock();
  clock.now = () => new Date(AT);
  const turns = new SessionTurns(
    repository as unknown as SessionsRepository,
    sessions as unknown as SessionsService,
    clock,
    new Ids(),
  );
  return { turns, calls, state };
}

describe('a turn', () => {
  it('numbers messages in order and is given back once', async () => {
    const { turns, calls } = turnsOf();
    const turn = await turns.take('org_a', 'sess_1', 0);
    const pair = await turn.appendAll([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ]);
    const last = await turn.append({ role: 'user', content: 'c' }, { endsTurn: true });
    await turn.end();
    expect([...pair, last].map(({ sequence, content }) => [sequence, content])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(turn.session.message_count).toBe(3);
    expect(calls).toEqual(['take', 'append', 'append and end']);
  });

  it('admits callers of one process in the order of their arrival', async () => {
    const { turns } = turnsOf();
    const order: number[] = [];
    const first = await turns.take('org_a', 'sess_1', 1_000);
    const others = [1, 2, 3].map(async (number) => {
      const turn = await turns.take('org_a', 'sess_1', 1_000);
      order.push(number);
      await turn.end();
    });
    await first.end();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
  });

  it('is refused at once when the caller does not wait, and later when the wait is over', async () => {
    const { turns } = turnsOf();
    const held = await turns.take('org_a', 'sess_1', 0);
    const atOnce = { suggestion: 'Retry in a moment, or send the message with on_busy=wait.' };
    await expect(turns.take('org_a', 'sess_1', 0)).rejects.toMatchObject(atOnce);
    const later: unknown = await turns.take('org_a', 'sess_1', 20).catch((error: unknown) => error);
    expect(later).toBeInstanceOf(SessionBusyError);
    expect(later).toMatchObject({ suggestion: 'Retry when the other message has been answered.' });
    await held.end();
    await (await turns.take('org_a', 'sess_1', 0)).end();
  });

  it('waits for another process, and takes the turn when it is released', async () => {
    const { turns, state, calls } = turnsOf({ taken: true });
    await expect(turns.take('org_a', 'sess_1', 0)).rejects.toBeInstanceOf(SessionBusyError);
    const taking = turns.take('org_a', 'sess_1', 5_000);
    state.taken = false;
    await (await taking).end();
    expect(calls.filter((call) => call === 'take').length).toBeGreaterThan(1);
  });

  it.each([
    ['closed', { stored: { ...OPEN, status: 'closed' as const }, taken: true }, 'INVALID_STATE'],
    ['unknown', { stored: undefined }, 'RESOURCE_NOT_FOUND'],
  ])('of a session that is %s is refused, and the next caller is not held up', async (_, given, code) => {
    const { turns } = turnsOf(given);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(turns.take('org_a', 'sess_1', 0)).rejects.toMatchObject({ code });
  });

  it('that cannot be given back is left to expire', async () => {
    const { turns } = turnsOf();
    const turn = await turns.take('org_a', 'sess_1', 0);
    const repository = Reflect.get(turns, 'repository') as { endTurn: () => Promise<void> };
    repository.endTurn = () => Promise.reject(new Error('gone'));
    const logger = Reflect.get(turns, 'logger') as { warn: () => void };
    const warn = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
    await expect(turn.end()).resolves.toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
