// Runs real servers and clients of npm, PyPI and the Go module proxy directly and through the gate: npm run test:interop
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clients } from './clients/set-ups.ts';
import type { Difference } from './compare.ts';
import { type Gate, startGate } from './gate.ts';
import { NotInstalled } from './install.ts';
import { knownOnes, unknownOnes } from './known.ts';
import type { LoginSetUp } from './login/login-set-up.ts';
import { tryLogins } from './login/run.ts';
import { type Outcome, writePage } from './page.ts';
import { clientTools, tryClient } from './run-client.ts';
import { tryServer, withServer } from './run-server.ts';
import { servers } from './servers/set-ups.ts';

const help = `Runs real servers and clients directly and through the gate, and prints every difference. Then real clients
log in at a gateway by themselves.

  npm run test:interop -- [--only WORD]… [--cache FOLDER] [--write]

--only    only the set-ups whose title, version or language contains this; may be repeated. "login": all that log in
--cache   where the packages are installed; default: data/interop
--write   writes what ran without an unknown difference into docs/interop.md and docs/clients.md
Exit code: 0 if all is the same or a known difference, and each client can log in; 1 otherwise.`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    cache: { type: 'string' },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const root = join(import.meta.dirname, '..', '..');
const cache = values.cache ?? join(root, 'data', 'interop');
const isNamed = (text: string) => (values.only ?? ['']).some((word) => text.toLowerCase().includes(word.toLowerCase()));
const isWanted = ({ title, version, language }: Outcome['setUp']) => isNamed(`${title} ${version} ${language}`);

if (values.help) console.log(help);
else await run();

async function run(): Promise<void> {
  if ([...servers, ...clients].some(isWanted)) await compare();
  const isLoginWanted = ({ title, version }: LoginSetUp) => isNamed(`${title} ${version} login`);
  if ((await tryLogins(isLoginWanted, cache, values.write === true)) > 0) process.exitCode = 1;
}

async function compare(): Promise<void> {
  const gate = await startGate([
    ...servers.map(({ name, call, failing }) => ({ name, tools: [call[0], failing[0]] })),
    { name: 'clients', tools: [clientTools.allowed] },
  ]);
  const outcomes: Outcome[] = [];
  const attempt = async (setUp: Outcome['setUp'], action: () => Promise<Difference[]>) => {
    if (!isWanted(setUp)) return;
    const outcome = reported({ setUp, ...(await outcomeOf(setUp, action)) });
    outcomes.push(outcome);
    const isGood = outcome.skipped === undefined && outcome.faults.length === 0;
    // At once, so that a run that is stopped has not been for nothing.
    if (values.write && isGood) writePage([...servers, ...clients], [outcome]);
  };
  try {
    for (const setUp of servers) await attempt(setUp, () => tryServer(setUp, gate, cache));
    await tryClients(gate, attempt);
  } finally {
    await gate.stop();
  }
  const [skipped, failed] = [
    outcomes.filter((each) => each.skipped),
    outcomes.filter((each) => each.faults.length > 0),
  ];
  console.log(`${outcomes.length} set-ups, ${skipped.length} skipped, ${failed.length} with differences`);
  if (failed.length > 0) process.exitCode = 1;
}

type Attempt = (setUp: Outcome['setUp'], action: () => Promise<Difference[]>) => Promise<void>;

/** All clients talk to the same server. */
async function tryClients(gate: Gate, attempt: Attempt): Promise<void> {
  const [server] = servers;
  if (!clients.some(isWanted) || !server) return;
  const all = withServer({ ...server, name: 'clients' }, gate, cache, async (here, register) => {
    await register();
    for (const setUp of clients)
      await attempt(setUp, async () => {
        const final = await gate.door('clients', here.transport, 'some');
        const helped = await gate.door('clients', here.transport, 'less');
        return tryClient(setUp, here, { '': final, ', where another scope would help': helped }, cache);
      });
  });
  await all.catch(async (error) => {
    if (!(error instanceof NotInstalled)) throw error;
    for (const setUp of clients) await attempt(setUp, () => Promise.reject(error));
  });
}

async function outcomeOf(
  { transport }: Outcome['setUp'],
  action: () => Promise<Difference[]>,
): Promise<Omit<Outcome, 'setUp'>> {
  try {
    const differences = await action();
    return { known: knownOnes(differences, transport), faults: unknownOnes(differences, transport) };
  } catch (error) {
    if (error instanceof NotInstalled) return { known: [], faults: [], skipped: error.message };
    return { known: [], faults: [{ probe: 'the start', path: '', direct: 'starts', gate: String(error) }] };
  }
}

function reported(outcome: Outcome): Outcome {
  const { setUp, faults, skipped, known } = outcome;
  const shown = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
  const summary = skipped ? `skipped: ${skipped}` : faults.length > 0 ? `${faults.length} differences` : 'the same';
  console.log(
    `${setUp.title} ${setUp.version} (${setUp.language}): ${summary}${known.length > 0 ? `, known: ${known.join(' ')}` : ''}`,
  );
  for (const { probe, path, direct, gate } of faults)
    console.log(`  ${probe} ${path}\n    direct: ${shown(direct)}\n    gate:   ${shown(gate)}`);
  return outcome;
}
