import type { Ask } from '../../../../operations/doctor/ask.ts';
import { checkGateway } from '../../../../operations/doctor/checks/gateway.ts';

const up = { status: 'up', nginx: 'up', 'auth-server': 'up', relay: 'up', registry: 'up' };
/** A gateway whose health says this, and that refuses calls without credentials. */
const gatewayWith =
  (health: object): Ask =>
  async (url) =>
    url.endsWith('/health') ? Response.json(health) : new Response(null, { status: 401 });
const warnings = async (health: object) => {
  const { findings } = await checkGateway('http://localhost', gatewayWith(health));
  return findings.filter(({ state }) => state !== 'ok').map(({ state, seen }) => [state, seen]);
};

test.each<[string, object, string[][]]>([
  ['that does not name versions', up, []],
  ['whose parts have one version', { ...up, versions: 'the same' }, []],
  [
    'with an old relay',
    { ...up, versions: 'another one: relay; the log of the auth-server names it' },
    [['warn', 'parts have different versions: another one: relay; the log of the auth-server names it']],
  ],
])('The doctor warns of a gateway %s as it should', async (_what, health, expected) => {
  expect(await warnings(health)).toEqual(expected);
});
