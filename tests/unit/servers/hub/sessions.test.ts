import {
  createSessions,
  type HubSession,
  idleMilliseconds,
  mostSessions,
} from '../../../../servers/hub/client/sessions.ts';

const announced = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} };

function scene() {
  const ended: HubSession[] = [];
  const clock = { now: 0 };
  const sessions = createSessions(
    (session) => ended.push(session),
    () => clock.now,
  );
  return { sessions, ended, clock };
}

const streamOf = () => {
  const events: string[] = [];
  const state = { ended: false, events };
  return {
    ...state,
    state,
    send: ({ data }: { data: Buffer | undefined }) => void events.push(String(data)),
    end: () => {
      state.ended = true;
    },
  };
};

const event = (text: string) => ({ name: undefined, id: undefined, retry: undefined, data: Buffer.from(text) });

test('A session is found by its owner and its set only', () => {
  const { sessions } = scene();
  const { id } = sessions.open('alice', 'team', announced);
  expect(sessions.find(id, 'alice', 'team')?.id).toBe(id);
  expect(sessions.find(id, 'bob', 'team')).toBeUndefined();
  expect(sessions.find(id, 'alice', '')).toBeUndefined();
  expect(sessions.find(undefined, 'alice', 'team')).toBeUndefined();
});

test('One more than the bound ends the one that was used least lately, of the same owner only', () => {
  const { sessions, ended, clock } = scene();
  const other = sessions.open('bob', '', announced);
  const own = Array.from({ length: mostSessions }, () => {
    clock.now++;
    return sessions.open('alice', '', announced);
  });
  clock.now++;
  sessions.find(own[0]?.id, 'alice', '');
  sessions.open('alice', '', announced);
  expect(ended).toEqual([own[1]]);
  expect(sessions.find(own[1]?.id, 'alice', '')).toBeUndefined();
  expect(sessions.find(own[0]?.id, 'alice', '')).toBe(own[0]);
  expect(sessions.find(other.id, 'bob', '')).toBe(other);
});

test('Two idle hours end a session, and an open stream is use', () => {
  const { sessions, ended, clock } = scene();
  const [idle, listening] = [sessions.open('alice', '', announced), sessions.open('alice', '', announced)];
  const detach = sessions.attach(listening, streamOf());
  clock.now = idleMilliseconds - 1;
  sessions.sweep();
  expect(ended).toEqual([]);
  clock.now = idleMilliseconds;
  sessions.sweep();
  expect(ended).toEqual([idle]);
  detach();
  clock.now += idleMilliseconds - 1;
  sessions.sweep();
  expect(ended).toEqual([idle]);
  clock.now += 1;
  sessions.sweep();
  expect(ended).toEqual([idle, listening]);
  expect([...sessions.all()]).toEqual([]);
});

test('An event goes to one stream, a fifth stream ends the first, and the end of the session ends all', () => {
  const { sessions, ended } = scene();
  const session = sessions.open('alice', '', announced);
  expect(session.send(event('lost'))).toBe(false);
  const streams = Array.from({ length: 5 }, streamOf);
  for (const stream of streams) sessions.attach(session, stream);
  expect(streams.map(({ state }) => state.ended)).toEqual([true, false, false, false, false]);
  expect(session.send(event('kept'))).toBe(true);
  expect(streams.map(({ events }) => events)).toEqual([[], ['kept'], [], [], []]);
  sessions.end(session);
  expect(streams.every(({ state }) => state.ended)).toBe(true);
  expect(ended).toEqual([]);
});
