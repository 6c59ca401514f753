import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { root } from '../../common/settings/values.ts';
import { codeOf, type Release, releases } from './release.ts';

/**
 * Writes the databases of each release into `tests/fixtures/releases/`, by the release's own stores. Only for a new release:
 *
 *   node tests/upgrade/make-fixtures.ts
 */

const at = 1_795_000_000;
/** When sessions end: the year 2100, so that they stand whenever a test opens them. */
const end = 4_102_444_800;
const sub = (name: string) => `${name}-0000-4000-8000-000000000001`;

/** What this program uses of the stores of each release. */
interface AuthStore {
  sessions: { add(record: object): Promise<void> };
  bindings: { bind(binding: object): Promise<boolean> };
  revocations: { add(revocation: object): Promise<void> };
  keys: { update(change: (keys: unknown[]) => Promise<unknown[]>): Promise<void> };
  close(): Promise<void>;
}
interface Definitions {
  change(server: string, at: Date, decide: () => object): Promise<void>;
}
interface RegistryStore {
  change(write: object): Promise<unknown>;
  /** Of 0.1.0. */
  pins?: Definitions;
  definitions?: Definitions;
  close(): Promise<void>;
}
type Open<Store> = { openStore(where: string): Promise<Store> };

const load = async <T>(code: string, file: string) => (await import(pathToFileURL(join(code, file)).href)) as T;

async function makeAuthServer(code: string, folder: string): Promise<void> {
  const { openStore } = await load<Open<AuthStore>>(code, 'auth-server/store/store.ts');
  const store = await openStore(folder);
  const times = { createdAt: at, expiresAt: end, refreshedAt: at, lastSeen: at, triedAt: at };
  const session = (name: string, groups: string[]) => ({
    ...{ sid: `sid-of-${name}`, sub: sub(name), username: name, groups, ...times },
    ...{ provider: 'cognito', clientId: 'web', refreshToken: `sealed-of-${name}`, kind: 'browser' },
  });
  await store.sessions.add(session('alice', ['mcp-registry-admin']));
  await store.sessions.add(session('carol', ['mcp-registry-developer']));
  const binding = { kind: 'session', server: 'weather', id: 'weather-1', owner: `person:${sub('alice')}` };
  await store.bindings.bind({ ...binding, target: undefined });
  await store.revocations.add({ kind: 'user', value: 'bob', at });
  const { kty = '', crv = '', x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const key = { kid: 'the-key', jwk: { kty, crv, x, d, kid: 'the-key', alg: 'EdDSA' }, madeAt: at, signsSince: at };
  await store.keys.update(async () => [{ ...key, stoppedAt: undefined }]);
  await store.close();
}

async function makeRegistry({ version }: Release, code: string, folder: string): Promise<void> {
  const { openStore } = await load<Open<RegistryStore>>(code, 'registry/store/store.ts');
  const file = version === '0.1.0' ? 'registry/pins/definition.ts' : 'registry/servers/definition.ts';
  const { definitionOf } = await load<{ definitionOf(tool: object): object }>(code, file);
  const store = await openStore(join(folder, 'registry.db'));
  const server = (name: string) => ({
    ...{ name, title: `The ${name}`, description: 'It rains', upstream: 'http://127.0.0.1:9', tags: ['sky'] },
    ...{ transports: { 'streamable-http': '/mcp' }, version: '1.2', repository: null, license: 'MIT', icons: [] },
    ...{ auth: { secret: 'github' }, alias: null, enabled: true, forward_headers: [], host_header: null },
    ...{ health_seconds: null, members: null, may: [] },
  });
  const by = (name: string) => ({ sub: sub(name), username: name });
  for (const name of ['weather', 'rain', 'gone'])
    await store.change({ name, revision: undefined, next: server(name), action: 'register', by: by('carol') });
  await store.change({ name: 'gone', revision: 3, next: undefined, action: 'delete', by: by('alice') });
  const tool = { name: 'forecast', description: 'The weather of a city.', inputSchema: { type: 'object' } };
  const approved = [definitionOf(tool)];
  const change =
    version === '0.1.0'
      ? { baseline: new Date(at * 1000), pin: approved }
      : { firstSeenAt: new Date(at * 1000), approve: approved };
  await (store.pins ?? store.definitions)?.change('weather', new Date(at * 1000), () => ({
    ...change,
    note: { action: 'first-seen', by: by('alice'), fields: {} },
  }));
  await store.close();
}

for (const release of releases) {
  const folder = join(root, 'tests', 'fixtures', 'releases', release.version);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const code = codeOf(release);
  await makeAuthServer(code, folder);
  await makeRegistry(release, code, folder);
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.db'))) {
    const database = new DatabaseSync(join(folder, name));
    // One small file of each, without a log beside it.
    database.exec('pragma journal_mode = delete; vacuum');
    database.close();
  }
}
