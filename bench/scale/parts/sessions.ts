import { createSessionSeal } from '../../../auth-server/identity/cookie/session.ts';
import { ofBrowser } from '../../../auth-server/login/open-session.ts';
import { changes, type Schema } from '../../../auth-server/store/migrations.ts';
import { createRevocationFeed } from '../../../auth-server/store/revocation-feed.ts';
import { DatabaseSessions } from '../../../auth-server/store/session.ts';
import { type SessionRecord, toRow } from '../../../auth-server/store/session-record.ts';
import type { Database } from '../../../common/database/database.ts';
import { databaseIn, openDatabase } from '../../../common/database/open.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import { question, recordOf } from '../../callers.ts';
import { startAuthServer } from '../../gates.ts';
import type { BenchStack } from '../../stack.ts';
import { memoryOf } from '../../wrk.ts';
import { watchCpu } from '../cpu.ts';
import { drive } from '../drive.ts';
import type { Part, Scene } from '../part.ts';
import { startGateway } from '../support/gateway.ts';

/** People beside those who count: code that has not run yet is slower. */
const warmPeople = 1_000;
/** A round of calls has this many at least. */
const callsOfRound = 10_000;
const logins = 200;
/** Rows of one statement: SQLite allows 32,766 parameters. */
const rowsAtOnce = 1_000;
const longest = 7_200;

/** People with a session each, who all call again and again. */
export const sessions: Part = {
  name: 'sessions',
  key: 'sessions',
  sizes: [100, 10_000, 100_000],
  quick: [100, 1_000, 5_000],
  seconds: 600,
  measure,
};

async function measure(scene: Scene): Promise<void> {
  const stack = await startGateway(scene, {});
  const database = await openDatabase<Schema>(databaseIn(stack.dataDir, 'auth-server.db'), changes, 'kysely', () => {});
  scene.ends(() => database.close());
  const warm = await cookiesOf(stack, await addSessions(database, 'warm', 0, warmPeople));
  let cookies: string[] = [];
  for (const size of scene.sizes) {
    scene.tell(`${size}`);
    cookies = [...cookies, ...(await cookiesOf(stack, await addSessions(database, 'person', cookies.length, size)))];
    await measureCalls(scene, stack, warm, cookies);
    await measureStore(scene, database, size);
  }
}

/** Calls of all people in turn: the first of each, which opens cookie and record, and further ones. */
async function measureCalls(
  scene: Scene,
  stack: BenchStack,
  warm: readonly string[],
  cookies: readonly string[],
): Promise<void> {
  const size = cookies.length;
  const { port, pid, child } = await startAuthServer(stack);
  scene.ends(() => child.kill('SIGTERM'));
  let refused = 0;
  const calls = async (who: readonly string[], count: number) => {
    const used = watchCpu(() => [pid]);
    refused += await drive({ port, count, requestOf: (i) => callOf(who[i % who.length] ?? '') });
    return used() / count;
  };
  await calls(warm, 2 * callsOfRound);
  await calls(warm, warm.length);
  const before = memoryOf(pid);
  refused = 0;
  scene.put({ what: 'first call of a person', unit: 'µs of CPU', of: 'each' }, size, await calls(cookies, size));
  const again: number[] = [];
  for (let round = 0; round < (size > callsOfRound ? 1 : 3); round++)
    again.push(await calls(cookies, Math.max(size, callsOfRound)));
  scene.put({ what: 'further calls, all in turn', unit: 'µs of CPU', of: 'each' }, size, ...again);
  scene.put({ what: 'refused because the decision took too long', unit: 'calls', of: 'all' }, size, refused);
  scene.put({ what: 'memory that they add', unit: 'MB', of: 'all' }, size, Math.max(0, memoryOf(pid) - before));
  child.kill('SIGTERM');
}

/** What a login writes, and the note that each session was used, which is written for all of them at once. */
async function measureStore(scene: Scene, database: Database<Schema>, size: number): Promise<void> {
  const store = new DatabaseSessions(
    database,
    createRevocationFeed(database, () => 0),
    () => undefined,
    600,
  );
  const cpu = process.cpuUsage();
  for (let i = 0; i < logins; i++) await store.add(person('login', `${size}-${i}`));
  const { user, system } = process.cpuUsage(cpu);
  scene.put({ what: 'record of a login', unit: 'µs of CPU', of: 'each' }, size, (user + system) / logins);
  const now = nowInSeconds();
  const used = await store.list();
  for (const record of used.slice(0, size)) store.touch({ ...record, lastSeen: 0 }, now, '192.0.2.1');
  const began = performance.now();
  await store.flush();
  const took = performance.now() - began;
  scene.put({ what: 'noting that all were used', unit: 'ms at a time', of: 'all' }, size, took);
}

/** Adds sessions, number `from` to `to`, as logins do. */
async function addSessions(database: Database<Schema>, name: string, from: number, to: number) {
  const records = Array.from({ length: to - from }, (_, i) => person(name, String(from + i)));
  for (let i = 0; i < records.length; i += rowsAtOnce)
    await database.db
      .insertInto('session')
      .values(records.slice(i, i + rowsAtOnce).map(toRow))
      .execute();
  return records;
}

function person(name: string, number: string): SessionRecord {
  const own = { sub: `${name}-${number}`, username: `${name}${number}@example.com` };
  const record = recordOf({ ...ofBrowser, sid: `bench-${name}-${number.padStart(12, '0')}` }, 'all');
  // Last used a minute ago: the next use is noted.
  return { ...record, ...own, lastSeen: record.lastSeen - 60 };
}

async function cookiesOf({ env }: BenchStack, records: readonly SessionRecord[]): Promise<string[]> {
  const seal = createSessionSeal([String(env.SECRET_KEY)]);
  const exp = nowInSeconds() + longest;
  const cookies: string[] = [];
  for (const { sid, sub, username } of records) cookies.push(await seal.seal({ sid, sub, username, exp }));
  return cookies;
}

const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool-1","arguments":{}}}';
const types = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const lines = Object.entries({ Host: 'localhost', ...types, ...question, 'Content-Length': String(body.length) });
const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');

/** The question of nginx about a call with this cookie. */
function callOf(cookie: string): string {
  return `POST /validate HTTP/1.1\r\n${head}Cookie: mcp_gateway_session=${cookie}\r\n\r\n${body}`;
}
