import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchApprovedTools } from '../../../../common/policy/approved-tools-watch.ts';
import { watchDefinitions } from '../../../../common/policy/definitions-watch.ts';
import { createLog } from '../../../../common/service/log.ts';
import { keepApprovedTools } from '../../../../registry/pins/approved-file.ts';
import { until } from '../../../support/listen.ts';

const directory = mkdtempSync(join(tmpdir(), 'definitions-'));
const path = join(directory, 'approved-tools.json');
const log = createLog('registry', 'silent');
afterAll(() => rmSync(directory, { recursive: true }));

test('The registry writes the hashes of approved definitions beside the names, and both are read', async () => {
  const pending = new Map([['radar', 'hash-new']]);
  const weather = { approved: new Map([...pending, ['radar', 'hash-old'], ['forecast', 'hash-1']]), pending };
  const hashes = new Map([['weather', { ...weather, rejected: new Set<string>(), readOnly: new Set<string>() }]]);
  const kept = await keepApprovedTools({ hashes: () => hashes, follow: async () => false }, path, log);
  kept.stop();
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    version: 1,
    servers: { weather: ['forecast'] },
    readOnly: { weather: [] },
    definitions: { weather: { forecast: 'hash-1', radar: 'hash-old' } },
  });
  const guard = watchApprovedTools('refuse', path, log);
  const definitions = watchDefinitions(path);
  guard.stop();
  definitions.stop();
  expect(guard.known()).toMatchObject({ approved: new Map([['weather', new Set(['forecast'])]]) });
  expect([definitions.find('weather', 'radar'), definitions.find('weather', 'constructor')]).toEqual([
    'hash-old',
    undefined,
  ]);
});

test('No definition is known without the file, or with one that is broken or of an older registry', async () => {
  const definitions = watchDefinitions(join(directory, 'none.json'), 5);
  const find = () => definitions.find('weather', 'forecast');
  expect(find()).toBeUndefined();
  const write = (content: unknown) => writeFileSync(join(directory, 'none.json'), JSON.stringify(content));
  for (const bad of [{ version: 1, servers: {} }, { definitions: { weather: ['forecast'] } }]) {
    write({ version: 1, servers: {}, definitions: { weather: { forecast: 'hash' } } });
    expect(await until(() => find() === 'hash')).toBe(true);
    write(bad);
    expect(await until(() => find() === undefined)).toBe(true);
  }
  definitions.stop();
});
