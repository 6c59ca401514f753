import { createVersionCheck } from '../../../../auth-server/process/versions.ts';

const warnings: object[] = [];
const check = (log = warnings) =>
  createVersionCheck({ warn: (fields: object) => void log.push(fields) } as never, '1.2.3');
beforeEach(() => {
  warnings.length = 0;
});

test.each<[string, Record<string, string | undefined>, string]>([
  ['all have one version', { nginx: '1.2.3', relay: '1.2.3', registry: '1.2.3' }, 'the same'],
  ['nginx is not of the gateway, and the relay is down', { registry: '1.2.3' }, 'the same'],
  [
    'a registry was not updated',
    { nginx: '1.2.3', registry: '1.2.2' },
    'another one: registry; the log of the auth-server names it',
  ],
  [
    'a relay is older than these names',
    { relay: undefined },
    'another one: relay; the log of the auth-server names it',
  ],
  ['a stranger answers', { relay: '1.2.3", "status": "up' }, 'another one: relay; the log of the auth-server names it'],
])('When %s, the health says so', (_case, neighbours, said) => {
  expect(check()(neighbours)).toBe(said);
});

test('The log names the versions once, again when they change, and nothing while all are the same', () => {
  const compare = check();
  for (const relay of ['1.2.3', '1.2.2', '1.2.2', undefined, '1.2.3', '1.2.2']) compare({ relay });
  const told = (relay: string) => ({ reason: 'version_mismatch', versions: { 'auth-server': '1.2.3', relay } });
  expect(warnings).toEqual([told('1.2.2'), told('unknown'), told('1.2.2')]);
});
