import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKeys, readKeys } from '../../../../auth-server/accounts/vault/keys.ts';
import { createVault } from '../../../../auth-server/accounts/vault/vault.ts';

const [first, second] = [
  '8f14e45fceea167a5a36dedd4bea2543f7c1d2b90e6a4c31',
  'b1a7c9d3e5f70246813579bdf0aceb24681357908642aced',
] as [string, string];
const carol = 'Y2Fyb2w.Z2l0aHVi.Z2l0aHVi';

test('A token opens for the account that it was locked for, and for no other', async () => {
  const vault = createVault(() => [first]);
  const locked = await vault.lock(carol, 'tóken');
  expect(locked).not.toContain('tóken');
  expect(await vault.open(carol, locked)).toBe('tóken');
  expect(await vault.open('ZGF2ZQ.Z2l0aHVi.Z2l0aHVi', locked)).toBeUndefined();
  expect(await vault.open('', locked)).toBeUndefined();
});

test('The first key locks, all keys open, and a missing key opens nothing', async () => {
  const before = createVault(() => [first]);
  const locked = await before.lock(carol, 'token');
  const both = createVault(() => [second, first]);
  expect(await both.open(carol, locked)).toBe('token');
  expect(await both.isNewest(locked)).toBe(false);
  const again = await both.lock(carol, 'token');
  expect(await both.isNewest(again)).toBe(true);
  expect(await before.open(carol, again)).toBeUndefined();
  expect(await createVault(() => [second]).open(carol, locked)).toBeUndefined();
});

test('What was changed on the way, or is no row of the vault, opens as nothing', async () => {
  const vault = createVault(() => [first]);
  const locked = await vault.lock(carol, 'token');
  const [header, iv, text, tag] = locked.split('.') as [string, string, string, string];
  const other = (await vault.lock(carol, 'other')).split('.')[2];
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const broken of [
    '',
    'x',
    '...',
    locked.slice(0, -2),
    [header, iv, other, tag].join('.'),
    [none, iv, text, tag].join('.'),
  ])
    expect(await vault.open(carol, broken)).toBeUndefined();
});

describe('The file of keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is made once, for its user only, however many processes need it at once', async () => {
    const place = { named: undefined, dataDir: folder, isShared: false };
    const read = await Promise.all([readKeys(place), readKeys(place), readKeys(place)]);
    expect(new Set(read.flat()).size).toBe(1);
    const path = join(folder, 'accounts-keys');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(read[0]).toEqual([readFileSync(path, 'utf8').trim()]);
  });

  test('has to be named with PostgreSQL, because each machine would make its own', async () => {
    const shared = readKeys({ named: undefined, dataDir: folder, isShared: true });
    await expect(shared).rejects.toThrow(/ACCOUNTS_KEY_FILE is needed with DATABASE_URL.*all machines have alike/s);
    const missing = readKeys({ named: join(folder, 'none'), dataDir: folder, isShared: true });
    await expect(missing).rejects.toThrow(/none cannot be read \(ENOENT\)/);
    const named = join(folder, 'keys');
    writeFileSync(named, `${second}\n\n${first}\n`);
    expect(await readKeys({ named, dataDir: folder, isShared: true })).toEqual([second, first]);
  });

  test.each([
    ['is empty', '\n', /holds no key/],
    ['has a short key', `${first}\nshort`, /line 2: has fewer than 32 characters/],
    ['has an easy key', 'abcdefgh'.repeat(8), /line 1: is easy to guess/],
    ['has a key twice', `${first}\n${first}`, /twice/],
  ])('is refused if it %s, and no fault holds anything of a key', (_what, text, expected) => {
    const parse = () => parseKeys(text);
    expect(parse).toThrow(expected);
    expect(parse).not.toThrow(/8f14e45f|abcdefgh/);
  });
});
