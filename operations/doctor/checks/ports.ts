import { localPoolId } from '../../../common/identity/cognito.ts';
import { isPortTaken, whoListens } from '../../../common/network/port-in-use.ts';
import { settingList } from '../../../common/settings/table.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';
import type { Setup } from '../setup.ts';

/**
 * Do the services have their ports? When the gateway runs, the ports must be taken; otherwise they must be free. Checks this
 * machine only: the ports of a gateway on another machine are not checked.
 * @param gateway `up` if it answers, `down` if it does not, `elsewhere` if it is on another machine
 */
export async function checkPorts({ env }: Setup, gateway: 'up' | 'down' | 'elsewhere'): Promise<Finding[]> {
  if (gateway === 'elsewhere') return [ok('ports', 'the gateway is on another machine: not checked')];
  const standIn = env.COGNITO_USER_POOL_ID?.trim() === localPoolId;
  const names = settingList.filter(
    ([n, s]) => /_PORT$/.test(n) && s.readBy.includes('up') && (standIn || n !== 'COGNITO_PORT'),
  );
  const ports = names.flatMap(([variable, { schema }]) => {
    const port = schema.safeParse(env[variable]?.trim() || undefined).data;
    return typeof port === 'number' ? [{ variable, port }] : [];
  });
  const states = await Promise.all(ports.map(async (entry) => ({ ...entry, taken: await isPortTaken(entry.port) })));
  if (gateway === 'up') {
    const idle = states.filter(({ taken }) => !taken).map(({ variable, port }) => `${port} (${variable})`);
    if (idle.length === 0) return [ok('ports', `all ${states.length} services listen`)];
    // Containers publish nginx's port and the stand-in's only.
    if (states.every(({ taken, variable }) => !taken || variable === 'COGNITO_PORT'))
      return [ok('ports', 'the services run elsewhere, such as in containers: not checked')];
    const seen = `nothing listens on ${idle.join(', ')}`;
    return [warn('ports', seen, 'fine if these services run elsewhere; else look at their log')];
  }
  const taken = states.filter((entry) => entry.taken);
  if (taken.length === 0) return [ok('ports', `all ${states.length} are free`)];
  return taken.map(({ variable, port }) => {
    // Only the program's name: its arguments may hold a secret.
    const who = whoListens(port)?.replace(/^(\S+).* (\(process \d+\))$/s, '$1 $2') ?? 'another program';
    const seen = `Port ${port} is taken by ${who}`;
    return fail('ports', seen, `stop it, or choose another port by ${variable}`);
  });
}
