import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createReplayQuestions } from '../../auth-server/audit/replay/questions.ts';
import { openAuditDatabase } from '../../auth-server/audit/store/database.ts';
import { readPolicySource } from '../../common/policy/policy-file.ts';

const help = `Replays a policy over the records of an audit that fill.ts has made. Each person is in one of four groups.

  node bench/audit/replay.ts FOLDER|postgres://… [POLICY=scopes.yml]`;

const groups = ['mcp-registry-admin', 'mcp-registry-operator', 'mcp-registry-developer', 'mcp-registry-user'];
const people = 200;

/** The groups of the people of fill.ts. */
async function addCallers(main: Awaited<ReturnType<typeof openAuditDatabase>>['main']): Promise<void> {
  const rows = Array.from({ length: people }, (_, person) => {
    const text = JSON.stringify({ salt: hash('sha256', String(person)), groups: [groups[person % 4]], scopes: [] });
    return { digest: `caller-${person}`, text, seen_at: Date.now() };
  });
  await main
    .insertInto('audit_caller')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function replay(where: string, path: string): Promise<void> {
  const database = await openAuditDatabase(where);
  await addCallers(database.main);
  const policy = readPolicySource(readFileSync(path, 'utf8'));
  const input = { policy, inForce: policy, tools: { readOnly: new Map() }, now: Date.now() };
  const { replay: ask } = createReplayQuestions(database);
  for (let round = 1; round <= 3; round++) {
    const used = process.cpuUsage();
    const answer = await ask(input);
    const { user, system } = process.cpuUsage(used);
    const sides = [answer.allowed, answer.refused, answer.held, answer.depends].map(({ calls }) => calls);
    const seconds = `${((user + system) / 1e6).toFixed(2)} s of CPU, ${(answer.milliseconds / 1000).toFixed(2)} s`;
    console.log(`${answer.records} records, ${answer.judged} judged, ${sides.join('/')} differ: ${seconds}`);
  }
  await database.close();
}

if (import.meta.main) {
  const [where, path = 'scopes.yml'] = process.argv.slice(2);
  if (where === undefined) console.log(help);
  else await replay(where, path);
}
