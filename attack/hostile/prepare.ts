import { settings } from '../../common/settings/table.ts';
import { demoSignIn, demoTokens, readSeed } from '../demo.ts';
import type { Options } from '../options.ts';
import { send } from '../raw.ts';
import { newVisitor } from '../visitor.ts';
import type { Kind } from './behaviours/behaviour.ts';
import { kinds } from './behaviours/kinds.ts';
import type { Part } from './parts.ts';
import type { Plan } from './run.ts';

const ports = {
  'auth-server': 'METRICS_PORT',
  registry: 'REGISTRY_METRICS_PORT',
  relay: 'RELAY_METRICS_PORT',
} as const;

/** The processes of a gateway on this machine. @param env the gateway's settings */
export function partsOf(env: NodeJS.ProcessEnv): Part[] {
  return Object.entries(ports).map(([name, setting]) => ({
    name,
    metrics: new URL(`http://127.0.0.1:${settings[setting].schema.parse(env[setting])}/metrics`),
  }));
}

/**
 * Signs in the people and agents of the demo, and chooses the behaviours.
 * @throws {Error} if the administrator cannot sign in, or `only` leaves nothing
 */
export async function prepareHostile(
  { url, standIn, server, tool, args, place, only }: Options,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<Plan> {
  const seed = readSeed();
  const session = async (group: string) => {
    const visitor = newVisitor((sent) => send(url, sent));
    await demoSignIn(seed, url, group)(visitor, '/oauth2/login/cognito');
    const cookie = visitor.cookie('mcp_gateway_session');
    if (cookie === undefined) throw new Error(`a member of ${group} cannot sign in at ${url.origin}`);
    return { cookie, logOut: async () => void (await visitor.submit('/oauth2/logout/cognito', {})) };
  };
  const chosen = kinds.map((kind): Kind => {
    const matches = (name: string) => only.length === 0 || only.some((text) => `${kind.name}: ${name}`.includes(text));
    return { ...kind, behaviours: kind.behaviours.filter(({ name }) => matches(name)) };
  });
  const left = chosen.filter(({ behaviours }) => behaviours.length > 0);
  if (left.length === 0) throw new Error(`no behaviour has ${only.join(' or ')} in its name`);
  const { token = '', fullToken = '' } = await demoTokens(seed, standIn);
  const [reads, lists, calls] = await Promise.all(
    ['mcp-registry-admin', 'mcp-registry-user', 'mcp-registry-developer'].map(async (group) => await session(group)),
  );
  if (!reads || !lists || !calls) throw new Error('a person of the demo cannot sign in');
  return {
    target: { url, server, tool, args },
    place,
    few: token,
    many: fullToken,
    bystanders: { reads: reads.cookie, lists: lists.cookie, calls: calls.cookie },
    administrator: { url, cookie: reads.cookie },
    signIn: () => session('mcp-registry-user').catch(() => undefined),
    parts,
    kinds: left,
    signal,
  };
}
