import { freePorts } from '../support/gateway/gateway.ts';
import { compare, compareForSome, type Difference } from './compare.ts';
import type { Door } from './conversation.ts';
import type { Gate } from './gate.ts';
import { install } from './install.ts';
import { planFor, probe } from './probes.ts';
import { startProgram } from './programs.ts';
import type { ServerSetUp } from './set-ups.ts';

/**
 * Installs and starts a server, and registers it, for as long as `use` takes.
 * @param use gets its door, and what the registry says of it
 * @throws NotInstalled
 */
export async function withServer<Result>(
  { packages, bridge, command, env, headers = {}, port: fixed, ...setUp }: ServerSetUp,
  gate: Gate,
  cache: string,
  use: (here: Door, register: () => ReturnType<Gate['register']>) => Promise<Result>,
): Promise<Result> {
  const programs = await install(packages, cache);
  const bridgePrograms = bridge ? await install(bridge, cache) : '';
  const [port = 0] = fixed === undefined ? await freePorts(1) : [fixed];
  const program = await startProgram(command(programs, port, bridgePrograms), port, env?.(port));
  const { name, transport, path } = setUp;
  try {
    return await use({ url: `http://127.0.0.1:${port}${path}`, transport, headers }, () =>
      gate.register({ name, transports: { [transport]: path } }, port),
    );
  } finally {
    await program.stop();
    await gate.remove();
  }
}

/** Asks one server everything, directly and through the gate, with all rights and with some tools. */
export function tryServer(setUp: ServerSetUp, gate: Gate, cache: string): Promise<Difference[]> {
  const { name, transport, call, failing } = setUp;
  return withServer(setUp, gate, cache, async (here, register) => {
    const plan = await planFor(here, call, failing);
    const direct = [await probe(here, plan), await probe(here, plan)] as const;
    const judged = await register();
    const through = async (rights: 'all' | 'some') => {
      const door = await gate.door(name, transport, rights);
      return await probe({ ...door, headers: { ...here.headers, ...door.headers } }, plan);
    };
    const all = compare(direct, await through('all'));
    const some = compareForSome(direct, await through('some'), plan);
    const named = some.map((each) => ({ ...each, probe: `${each.probe}, with some tools` }));
    return [...healthOf(judged, plan.tools), ...all, ...named];
  });
}

/** The registry may see more tools than a client that can do nothing: some are only for clients with a capability. */
function healthOf({ health, tools }: { health: string; tools: number }, least: number): Difference[] {
  if (health === 'healthy' && tools >= least) return [];
  const shown = (state: string, count: number) => `${state}, ${count} tools`;
  return [{ probe: 'the registry', path: '', direct: shown('healthy', least), gate: shown(health, tools) }];
}
