import { randomBytes } from 'node:crypto';
import { openAuditDatabase } from '../../auth-server/audit/store/database.ts';
import { createNames } from '../../auth-server/audit/store/names.ts';
import { newIdentity } from '../../auth-server/audit/write/identity.ts';
import { createWriter } from '../../auth-server/audit/write/writer.ts';

const help = `Fills an audit with records, as a gateway writes them.

  node bench/audit/fill.ts FOLDER|postgres://… [RECORDS=1000000] [DAYS=30] [PEOPLE=200] [BATCH=2500]`;

const dayMilliseconds = 86_400_000;
const servers = ['currenttime', 'fininfo', 'notion', 'jira', 'github', 'search', 'mail', 'files', 'crm', 'wiki'];
const reasons = ['not_permitted', 'tool_not_approved', 'token_expired', 'rate_limited'];

/** The record of one request: most are calls of a few people at a few servers, some are refused, some have no caller. */
export function recordOf(at: number, index: number, people: number): string {
  const person = Math.floor(people * Math.random() ** 3);
  const server = servers[Math.floor(servers.length * Math.random() ** 2)];
  const [isRefused, isUnknown] = [index % 20 === 7, index % 40 === 7];
  return JSON.stringify({
    at,
    verdict: isRefused ? 'deny' : 'allow',
    ...(isRefused && { reason: isUnknown ? 'not_signed_in' : reasons[index % reasons.length], status: 403 }),
    request_id: randomBytes(16).toString('hex'),
    ...(!isUnknown && {
      subject: `person-${person}`,
      username: `person${person}@example.com`,
      client_id: `client-${person % 7}`,
      auth_method: 'jwt',
      caller: `caller-${person}`,
    }),
    resource: 'mcp',
    server,
    http: `POST /${server}/mcp`,
    method: index % 10 === 0 ? 'tools/list' : 'tools/call',
    ...(index % 10 !== 0 && { object: `tool_${Math.floor(20 * Math.random() ** 2)}` }),
    rule: 'mcp-servers-unrestricted[0]',
    policy: '2a116eb56ad3',
    microseconds: 120,
  });
}

/**
 * Writes records of one process, spread evenly over the last days.
 * @param where as for `openAuditDatabase`
 * @param batchSize of each transaction. A gateway's is 250; the more, the less one waits for the disk
 */
async function fillAudit(
  where: string,
  { records, days, people, batchSize }: { records: number; days: number; people: number; batchSize: number },
): Promise<void> {
  const database = await openAuditDatabase(where);
  const first = Date.now() - days * dayMilliseconds;
  const identity = { ...newIdentity(), host: 'bench', startedAt: first };
  const writer = createWriter(database, identity, createNames(database));
  await writer.greet();
  for (let from = 1; from <= records; from += batchSize) {
    const count = Math.min(batchSize, records - from + 1);
    const texts = Array.from({ length: count }, (_, i) => {
      const index = from + i - 1;
      return recordOf(first + Math.floor((index * days * dayMilliseconds) / records), index, people);
    });
    await writer.write({ from, texts: texts.join('\n'), callers: [] });
  }
  await writer.leave();
  await database.close();
}

if (import.meta.main) {
  const [where, records = '1000000', days = '30', people = '200', batch = '2500'] = process.argv.slice(2);
  if (where === undefined) console.log(help);
  else {
    const started = performance.now();
    const sizes = { records: Number(records), days: Number(days), people: Number(people), batchSize: Number(batch) };
    await fillAudit(where, sizes);
    const seconds = (performance.now() - started) / 1000;
    console.log(`${records} records in ${seconds.toFixed(1)} s: ${Math.round(Number(records) / seconds)} a second`);
  }
}
