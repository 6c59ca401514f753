import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { Kysely } from 'kysely';
import { createAssertionSigner } from '../../../../auth-server/identity/assertion.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import { createKeyRotation, keepRotating } from '../../../../auth-server/keys/key-rotation.ts';
import type { KeyStore } from '../../../../auth-server/store/key.ts';
import { changes } from '../../../../auth-server/store/migrations.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { nodeSqlite } from '../../../../common/database/sqlite.ts';
import { createLog } from '../../../../common/service/log.ts';
import { alice, now, publicUrl, temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { nodeArguments, outputOf } from '../../../support/process.ts';

const day = 86_400;
let home: ReturnType<typeof temporaryDirectory>;
let store: Store;
beforeEach(async () => {
  home = temporaryDirectory();
  store = await openStore(home.directory);
});
afterEach(async () => {
  await store.close();
  home.remove();
});

let callers = 0;
/** A new person each time, so that no assertion is reused. */
const caller = (): Principal => ({
  kind: 'person',
  subject: `caller-${++callers}`,
  username: 'alice',
  clientId: undefined,
  groups: alice.groups,
  scopes: [],
  authMethod: 'session_cookie',
  sessionId: 'sid-1',
  expiresAt: now() + 3600,
});

/** The keys of one auth-server process on the store, with clocks that a test moves. */
async function startProcess(keys: KeyStore, time = { wall: 1_800_000_000, steady: 0 }) {
  const rotation = createKeyRotation(keys, 30, { wall: () => time.wall, steady: () => time.steady });
  const signer = await createAssertionSigner(keys, publicUrl, rotation);
  await rotation.step();
  const sign = () => signer.sign(caller(), 'a');
  const signingKid = async () => decodeProtectedHeader(await sign()).kid;
  const published = async () => (await signer.jwks()).keys.map((key) => key.kid);
  const pass = async (seconds: number) => {
    time.wall += seconds;
    time.steady += seconds;
    await rotation.step();
  };
  return { time, signer, sign, signingKid, published, pass, step: rotation.step };
}

/** The bytes of the database files. */
const disk = (directory: string) =>
  readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'latin1'))
    .join();

describe('the rotation of keys', () => {
  test('publishes the next key for a day, then signs with it, and publishes the old one for another day', async () => {
    const auth = await startProcess(store.keys);
    const [a] = await auth.published();
    await auth.pass(29 * day - 1);
    expect(await auth.published()).toEqual([a]);
    await auth.pass(1);
    const [, b] = await auth.published();
    expect(await auth.published()).toEqual([a, b]);
    await auth.pass(day - 1);
    expect(await auth.signingKid()).toBe(a);
    await auth.pass(1);
    expect(await auth.signingKid()).toBe(b);
    expect(await auth.published()).toEqual([a, b]);
    await auth.pass(day - 1);
    expect(await auth.published()).toEqual([a, b]);
    await auth.pass(1);
    expect(await auth.published()).toEqual([b]);
    expect(await auth.signingKid()).toBe(b);
  });

  test('leaves no part of the private key on the disk after the key has stopped', async () => {
    const auth = await startProcess(store.keys);
    const secret = String((await store.keys.list())[0]?.jwk.d);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(disk(home.directory).includes(secret)).toBe(true);
    await auth.pass(29 * day);
    await auth.pass(day);
    const [old, signing] = await store.keys.list();
    expect(Object.keys(old?.jwk ?? {}).sort()).toEqual(['crv', 'kid', 'kty', 'x']);
    expect(signing?.jwk.d).toBeDefined();
    expect(disk(home.directory).includes(String(old?.kid))).toBe(true);
    expect(disk(home.directory).includes(secret)).toBe(false);

    await store.keys.update(async () => []);
    expect(disk(home.directory).includes(String(signing?.jwk.d))).toBe(false);
  });

  test('reaches a verifier that caches the keys, without a rejection and without another fetch', async () => {
    const auth = await startProcess(store.keys);
    let asked = 0;
    const server = createServer(async (_req, res) => {
      asked += 1;
      res.end(JSON.stringify(await auth.signer.jwks()));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const early = createRemoteJWKSet(url, { cacheMaxAge: Number.POSITIVE_INFINITY });
      const late = createRemoteJWKSet(url, { cacheMaxAge: Number.POSITIVE_INFINITY, cooldownDuration: 0 });
      const first = await auth.sign();
      await jwtVerify(first, late);
      expect(asked).toBe(1);
      await auth.pass(29 * day);
      await jwtVerify(first, early);
      expect(asked).toBe(2);
      await auth.pass(day);
      const second = await auth.sign();
      expect(decodeProtectedHeader(second).kid).not.toBe(decodeProtectedHeader(first).kid);
      await jwtVerify(second, early);
      await jwtVerify(first, early);
      expect(asked).toBe(2);
      // A verifier with the key set of a month ago finds an unknown key id, and fetches once.
      await jwtVerify(second, late);
      await jwtVerify(first, late);
      expect(asked).toBe(3);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('continues on a store of the first version, whose one key signs until its successor may', async () => {
    const directory = join(home.directory, 'old');
    mkdirSync(directory);
    const { dialect, database } = nodeSqlite(join(directory, 'auth-server.db'));
    const first = { kind: 'sqlite', db: new Kysely({ dialect }), close: async () => database.close() } as const;
    await migrate(first, changes, 'kysely', '001-sessions-and-keys');
    await startProcess(store.keys);
    const [key] = await store.keys.list();
    const before = key?.kid;
    database
      .prepare('insert into assertion_key (id, kid, jwk, created_at) values (1, ?, ?, ?)')
      .run(String(before), JSON.stringify(key?.jwk), 1_800_000_000 - 100 * day);
    database.close();
    await store.close();
    store = await openStore(directory);
    const auth = await startProcess(store.keys);
    const [old, next] = await auth.published();
    expect(old).toBe(before);
    expect(await auth.signingKid()).toBe(old);
    await auth.pass(day);
    expect(await auth.signingKid()).toBe(next);
  });

  test('is tried again after a failure, which is logged without a key', async () => {
    const lines: string[] = [];
    const log = createLog('auth-server', 'info', { write: (line) => void lines.push(line) });
    let failures = 2;
    const rotation = createKeyRotation(store.keys);
    const step = async () => {
      if (failures-- > 0) throw new Error('disk full');
      return rotation.step();
    };
    const stop = keepRotating({ ...rotation, step }, log, 10);
    while ((await store.keys.list()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 30));
    stop();
    const left = failures;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(failures).toBe(left);
    const [key] = await store.keys.list();
    expect(lines.filter((line) => line.includes('could not be rotated'))).toHaveLength(2);
    expect(lines.filter((line) => line.includes(`signs ${key?.kid}`))).toHaveLength(1);
    expect(lines.join()).not.toContain(key?.jwk.d);
  });
});

describe('a clock that jumps', () => {
  /** New signatures verify with the keys published ten minutes ago, and recent signatures verify with the current keys. */
  async function expectUnbroken(jumps: Record<number, number>) {
    const auth = await startProcess(store.keys);
    // The successor is made in minute 5.
    await auth.pass(29 * day - 300);
    const signed: { token: string; minute: number }[] = [];
    const shown: Awaited<ReturnType<typeof auth.signer.jwks>>[] = [];
    for (let minute = 1; minute < 90; minute++) {
      auth.time.wall += (jumps[minute] ?? 0) * day;
      await auth.pass(60);
      shown.push(await auth.signer.jwks());
      signed.push({ token: await auth.sign(), minute });
      const current = createLocalJWKSet(shown.at(-1) ?? { keys: [] });
      for (const { token } of signed.slice(-3)) await jwtVerify(token, current);
      const kept = createLocalJWKSet(shown.at(-10) ?? shown[0] ?? { keys: [] });
      await jwtVerify(signed.at(-1)?.token ?? '', kept);
    }
    return new Set(signed.map(({ token }) => decodeProtectedHeader(token).kid)).size;
  }

  test.each<[string, Record<number, number>, number]>([
    ['ahead', { 6: 60 }, 2],
    ['ahead again and again', { 6: 60, 16: 60, 17: 60, 18: 60, 30: 60 }, 3],
    ['back', { 6: -60 }, 1],
    ['ahead and back', { 6: 60, 7: -60, 16: 60, 17: -60, 40: 60 }, 2],
    ['back and ahead', { 6: -60, 7: 60, 16: -60, 17: 60, 18: 60, 40: -60 }, 3],
    ['ahead by 1 each minute', Object.fromEntries(Array.from({ length: 90 }, (_, minute) => [minute, 1])), 4],
  ])('by 60 days %s breaks no verifier', async (_which, jumps, signers) => {
    expect(await expectUnbroken(jumps)).toBe(signers);
  });

  test('far ahead leaves no key that signs forever', async () => {
    const time = { wall: 1_800_000_000 + 4000 * day, steady: 0 };
    const auth = await startProcess(store.keys, time);
    const first = await auth.signingKid();
    time.wall -= 4000 * day;
    await auth.pass(60);
    await auth.pass(29 * day);
    await auth.pass(day);
    expect(await auth.signingKid()).not.toBe(first);
    await auth.pass(day);
    expect(await auth.published()).toHaveLength(1);
  });
});

describe('several processes on one store', () => {
  test('sign with the same key and publish the same keys at every moment', async () => {
    const other = await openStore(home.directory);
    const time = { wall: 1_800_000_000, steady: 0 };
    const [one, two] = [await startProcess(store.keys, time), await startProcess(other.keys, time)];
    for (let hour = 0; hour < 33 * 24; hour += 4) {
      time.wall += 4 * 3600;
      time.steady += 4 * 3600;
      await (hour % 8 === 0 ? one : two).step();
      expect(await two.published()).toEqual(await one.published());
      const kid = await one.signingKid();
      expect(await two.signingKid()).toBe(kid);
      await (hour % 8 === 0 ? two : one).step();
      expect(await two.published()).toContain(kid);
    }
    expect(await store.keys.list()).toHaveLength(1);
    await other.close();
  });

  const program = (body: string) => `
    const { openStore } = await import(${JSON.stringify(resolve('auth-server/store/store.ts'))});
    const { createKeyRotation } = await import(${JSON.stringify(resolve('auth-server/keys/key-rotation.ts'))});
    const store = await openStore(${JSON.stringify(home.directory)});
    let steady = 0;
    let wall = ${1_800_000_000};
    const rotation = createKeyRotation(store.keys, 30, { wall: () => wall, steady: () => steady });
    await rotation.step();
    ${body}`;

  test('that start at the same time, as real processes, make one key, and later one successor', async () => {
    const body = 'wall += 29 * 86400; await rotation.step(); await rotation.step(); await store.close();';
    await Promise.all([1, 2, 3, 4].map(() => outputOf(program(body))));
    const states = (await store.keys.list()).map((key) => key.signsSince !== undefined);
    expect(states).toEqual([true, false]);
  });

  test.each([
    ['between made and signs', 'wall += 29 * 86400; await rotation.step();', [true, false]],
    [
      'while it writes the successor',
      'wall += 29 * 86400; const update = () => store.keys.update(async (keys) => { await rotationStuck(keys); return []; });' +
        'const rotationStuck = () => { console.log("ready"); return new Promise(() => {}); }; await update();',
      [true],
    ],
  ])('lose no key when one is killed %s', async (_when, body, expected) => {
    const child: ChildProcess = spawn(
      process.execPath,
      nodeArguments(program(`${body} console.log("ready"); setInterval(() => {}, 1000);`)),
    );
    try {
      await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const keys = await store.keys.list();
    expect(keys.map((key) => key.signsSince !== undefined)).toEqual(expected);

    const auth = await startProcess(store.keys, { wall: 1_800_000_000 + 29 * day, steady: 0 });
    expect(await auth.signingKid()).toBe(keys[0]?.kid);
    const [, next] = await auth.published();
    if (keys[1]) expect(next).toBe(keys[1].kid);
    await auth.pass(day);
    expect(await auth.signingKid()).toBe(next);
  });
});
