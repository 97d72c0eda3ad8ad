/** Which sessions are refused: the ended ones, while a token of them could live, in bounded memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId, type SessionId, timeOfId, type UserId } from '../../contracts/ids.ts';
import { EndedSessions } from '../../platform/auth/ended-sessions.ts';

const NOW = 1_800_000_000_000;
const KEPT = 900_000;
const user = newId('user');
const session = (atMs: number): SessionId => newId('session', atMs);
const ended = (change: object) => ({ type: 'sessions.ended', user, atMs: NOW, ...change }) as const;

describe('ended sessions', () => {
  test('are all of a person that began by then, the kept one excepted', () => {
    const ends = new EndedSessions(KEPT, () => NOW);
    const [old, kept, later] = [session(NOW - 5), session(NOW - 4), session(NOW + 1)];
    assert.equal(timeOfId(old), NOW - 5);
    const has = (id: SessionId | undefined, sub: UserId = user): boolean =>
      ends.has({ sub, ...(id === undefined ? {} : { session: id }) });
    assert.equal(has(old), false);
    ends.hear(ended({ except: kept }));
    assert.deepEqual(
      [old, kept, later, undefined].map((id) => has(id)),
      [true, false, false, false],
    );
    assert.equal(has(old, newId('user')), false, 'of somebody else');
    ends.hear(ended({ atMs: NOW + 2 }));
    ends.hear(ended({ except: kept }));
    assert.deepEqual(
      [old, kept, later].map((id) => has(id)),
      [true, true, true],
    );
  });

  test('are single ones, too', () => {
    const ends = new EndedSessions(KEPT, () => NOW);
    const [one, other] = [session(NOW - 5), session(NOW - 5)];
    ends.hear(ended({ session: one }));
    assert.deepEqual(
      [ends.has({ sub: user, session: one }), ends.has({ sub: user, session: other })],
      [true, false],
    );
  });

  test('are forgotten when their tokens have expired', () => {
    let nowMs = NOW;
    const ends = new EndedSessions(KEPT, () => nowMs);
    const one = session(NOW - 5);
    ends.hear(ended({}));
    nowMs += KEPT + 1;
    ends.hear(ended({ user: newId('user'), atMs: nowMs }));
    assert.equal(ends.has({ sub: user, session: one }), false);
  });
});
