// Compares the gate's speed with simpler servers. `--quick` takes fewer samples, `--json` prints JSON.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAccount, writeAccountEntry } from './accounts.ts';
import { behind, bodyOf, startCalled, types } from './call.ts';
import {
  clientTokenOf,
  inManyGroups,
  longPolicy,
  personalTokenOf,
  policy,
  question,
  sessionOf,
  tokenMaker,
} from './callers.ts';
import { measureColdTokens, measureLatency, measureRegistry, measureSearch, measureStart } from './figures.ts';
import { type Started, startAuthServer, startGate, startSubject } from './gates.ts';
import { measureHubMemory } from './hub/memory.ts';
import { measureHub } from './hub/speed.ts';
import { startBenchStack } from './stack.ts';
import { asMarkdown, type Cell, rowsOf } from './table.ts';
import { needWrk, type Shot, shoot } from './wrk.ts';

const quick = process.argv.includes('--quick');
const json = process.argv.includes('--json');
const rounds = quick ? 3 : 7;
const seconds = quick ? 1 : 3;
const agent = 'ours, agent';
const bodies = { '300 B': 130, '16 kB': 15_830 } as const;

await needWrk();
const upstream = await startCalled();
const secretsFile = writeAccountEntry(upstream.origin);
const stack = await startBenchStack(upstream.origin, policy, [], { UPSTREAM_SECRETS_FILE: secretsFile });
const others: Started[] = [];
// Only the stack ends together with this process.
const endOthers = () => {
  for (const { child } of others) child.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
process.once('exit', endOthers);
try {
  const { cells, gate, open } = await measureAll();
  const rows = rowsOf(cells);
  const ours = rows.find((row) => row.place === 'behind nginx' && row.connections === 32 && row.subject === agent);
  const half = (ours?.perSecond ?? 0) / 2;
  const figures = {
    ...(await measureStart(stack, longPolicy)),
    ...(await measureColdTokens(stack, quick ? 3_000 : 100_000)),
    ...(await measureLatency(gate, open, half, quick ? 3 : 20)),
    ...(await measureSearch()),
    ...(await measureRegistry(policy, quick ? 2 : 10)),
    ...(await measureHub(rounds, seconds)),
    ...(await measureHubMemory(quick ? 20 : 100)),
  };
  if (json) console.log(JSON.stringify({ rows, figures }, undefined, 2));
  else console.log([asMarkdown(rows), ...Object.entries(figures).map((each) => each.join(': '))].join('\n'));
} finally {
  endOthers();
  await stack.stop();
  upstream.close();
  rmSync(secretsFile);
}

async function measureAll(): Promise<{ cells: Cell[]; gate: Shot; open: Shot }> {
  const run = async (starting: Promise<Started>) => {
    const one = await starting;
    others.push(one);
    return one;
  };
  const longFile = join(stack.dataDir, 'long-scopes.yml');
  writeFileSync(longFile, longPolicy);
  const bare = await run(startSubject('bare.ts'));
  const ours = await run(startAuthServer(stack));
  const long = await run(startAuthServer(stack, { SCOPES_FILE: longFile }));
  const token = await tokenMaker(stack);
  const bearer = async (change: object) => ({ Authorization: `Bearer ${await token(change)}` });
  const full = await bearer({});
  const session = { Cookie: await sessionOf(stack) };
  const toAccounts = await connectAccount(stack, upstream.origin, secretsFile);
  const subjects: [name: string, asked: Started, who: Record<string, string>, only?: 'refused' | 'direct'][] = [
    ['bare Node', bare, full],
    [agent, ours, full],
    ['ours, session', ours, session],
    // nginx says so only for a route of its own, whose requests take the relay.
    ['ours, own account', ours, { ...session, ...toAccounts }, 'direct'],
    ['ours, OAuth client', ours, { Authorization: `Bearer ${await clientTokenOf(stack)}` }],
    ['ours, personal token', ours, { Authorization: `Bearer ${await personalTokenOf(stack)}` }],
    ['ours, 50 groups', ours, await bearer(inManyGroups)],
    ['ours, 10,000 rules', long, full],
    ['ours, denied', ours, await bearer({ scope: 'mcp-servers-restricted/read' }), 'refused'],
  ];
  const gates = new Map<Started, Started>();
  for (const asked of [bare, ours, long]) gates.set(asked, await run(startGate(stack, asked)));
  const open = await run(startGate(stack, undefined));

  const runs: { cell: Cell; shot: Shot }[] = [];
  for (const [body, letters] of Object.entries(bodies) as [Cell['body'], number][]) {
    for (const connections of [1, 32]) {
      const add = (place: Cell['place'], subject: string, shot: Shot) =>
        runs.push({ cell: { place, body, connections, subject, runs: [] }, shot });
      for (const [name, asked, who, only] of subjects) {
        add('direct', name, { ...direct(asked, who, letters), refused: only === 'refused' });
        // A denied request never reaches the server, so it is not comparable.
        if (!only) add('behind nginx', name, behind(gates.get(asked) ?? open, who, letters));
      }
      add('behind nginx', 'nginx without a gate', behind(open, full, letters));
    }
  }
  await takeTurns(runs);
  const shot = behind(gates.get(ours) ?? open, full, bodies['300 B']);
  return { cells: runs.map(({ cell }) => cell), gate: shot, open: behind(open, full, bodies['300 B']) };
}

/** Rounds alternate between the subjects, so that other load affects all alike. The first round warms up. */
async function takeTurns(runs: readonly { cell: Cell; shot: Shot }[]): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    for (const { cell, shot } of runs) {
      const one = await shoot(shot, cell.connections, seconds);
      if (round > 0) cell.runs.push(one);
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
}

/** As nginx asks. */
function direct({ port, pid }: Started, who: Record<string, string>, letters: number): Shot {
  const headers = {
    ...who,
    ...types,
    ...question,
    'X-Request-Id': '0123456789abcdef0123456789abcdef',
    'X-Real-IP': '127.0.0.1',
  };
  return { url: `http://127.0.0.1:${port}/validate`, headers, body: bodyOf(letters), pids: [pid] };
}
