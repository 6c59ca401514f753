import { userInfo } from 'node:os';
import { eraseRecords } from '../../auth-server/audit/chain/erase/erase.ts';
import { type FoundPerson, findPeople } from '../../auth-server/audit/chain/erase/who.ts';
import { createSigning } from '../../auth-server/audit/chain/make/signing.ts';
import { eventText } from '../../auth-server/audit/event.ts';
import type { AuditDatabase } from '../../auth-server/audit/store/database.ts';
import { createNames } from '../../auth-server/audit/store/names.ts';
import { erasePerson } from '../../auth-server/audit/usage/sums/words.ts';
import { newIdentity } from '../../auth-server/audit/write/identity.ts';
import { createWriter } from '../../auth-server/audit/write/writer.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { settings } from '../../common/settings/table.ts';
import { cleanText } from '../../common/text/clean.ts';
import { CommandError, operatorCommand, print, runAsProgram } from '../command.ts';
import { confirmed } from '../confirm.ts';
import { openExistingAudit } from './place.ts';

const help = `Erases a person, or an agent, from the audit.

  npm run -s audit:erase -- --person alice          by subject, user name or shown name; shows what it will do, and asks
  npm run -s audit:erase -- --person alice --yes    does not ask

What is left of each record is what was asked of which server, and the decision. Their names, address, client, groups and what
they alone can have asked for go, also from suggestions and from events of others. Sums stay. The audit stays verifiable: a signed
statement names the records, not the person. The log, backups and copies elsewhere are not changed.

The gateway may run meanwhile; end the person's access first, or new records follow. If it is interrupted, call it again.
It reads DATABASE_URL, or DATA_DIR or UP_DATA_DIR (default: data), and REGISTRY_URL, from the environment or .env.
With Docker: docker compose exec auth-server node operations/audit/erase.ts --person alice
Exit code: 0 done, 1 not done, 2 wrong use.`;

export const run = operatorCommand<{ person?: string; yes?: true }>(
  help,
  (command) => command.option('--person <name>').option('--yes'),
  async ({ person: text, yes }, context) => {
    if (!text?.trim()) throw new CommandError('--person needs the subject or the name of a person.');
    const { env } = readEnvFile(context.env);
    const publicUrl = settings.REGISTRY_URL.schema.safeParse(env.REGISTRY_URL?.trim() || undefined);
    if (!publicUrl.success) throw new CommandError('REGISTRY_URL is not an address. Nothing was erased.', 1);
    const database = await openExistingAudit(env);
    try {
      const person = onlyOne(text, await findPeople(database, text));
      print(context, cleanText(`${inWords(person)}. This cannot be undone.`));
      if (!yes && !(await confirmed(context))) throw new CommandError('Nothing was erased.', 1);
      const count = await erase(database, publicUrl.data, person);
      print(context, `Erased from ${count} ${count === 1 ? 'record' : 'records'}.`);
      return 0;
    } finally {
      await database.close();
    }
  },
);

/** @throws {CommandError} if there is none, or several */
function onlyOne(text: string, found: readonly FoundPerson[]): FoundPerson {
  const [person, ...others] = found;
  if (!person) throw new CommandError(`No record is of ${text}. Give the subject that a record shows.`, 1);
  if (others.length === 0) return person;
  const all = found.map((each) => `  ${inWords(each)}`).join('\n');
  throw new CommandError(`Several people are called ${text}. Give the subject:\n${all}`, 1);
}

function inWords({ subject, names, records }: FoundPerson): string {
  const named = names.length > 0 ? ` (${names.join(', ')})` : '';
  return `${subject}${named}: ${records} ${records === 1 ? 'record' : 'records'}`;
}

/** @returns how many records were changed */
async function erase(database: AuditDatabase, publicUrl: string, person: FoundPerson): Promise<number> {
  const signing = createSigning(database, { publicUrl, headMinutes: 0 }, () => undefined);
  const count = await eraseRecords(database, signing.statements, person, (on) => erasePerson(on, person.subject));
  await record(database, count);
  await signing.now();
  return count;
}

/** Records who has erased, and not whom. The command is a process with a chain of its own. */
async function record(database: AuditDatabase, count: number): Promise<void> {
  const writer = createWriter(database, newIdentity(), createNames(database));
  const who = { username: operator(), auth_method: 'command' };
  const what = { resource: 'registry', detail: 'records of a person', count };
  const texts = [
    eventText('audit/start', {}, {}),
    eventText('audit/erase', who, what),
    eventText('audit/stop', {}, {}),
  ];
  await writer.greet();
  await writer.write({ from: 1, texts: texts.join('\n'), callers: [] });
  await writer.leave();
}

/** The user of this process. In a container it may have no name. */
function operator(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

if (import.meta.main) await runAsProgram(run);
