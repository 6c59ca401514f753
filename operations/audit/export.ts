import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { createExportQuestions } from '../../auth-server/audit/export/questions.ts';
import { writeExport } from '../../auth-server/audit/export/stream.ts';
import { createNames } from '../../auth-server/audit/store/names.ts';
import { type ExportQuery, exportQuery } from '../../common/doors/decisions.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { CommandError, type Context, operatorCommand, print, runAsProgram } from '../command.ts';
import { openExistingAudit } from './place.ts';

const help = `Writes the records of the audit to a file or to standard output, the oldest first.

  npm run -s audit:export -- --from 2026-11-01 --to 2026-11-30 --format csv --out november.csv
  npm run -s audit:export -- --format ocsf --verdict deny | …

  --format <format>   ndjson (as GET /api/decisions returns them), csv, or ocsf (OCSF 1.5.0 as lines of JSON)
  --from, --to        a day in UTC, both included, or a time such as 2026-11-23T09:00:00Z
  --person, --server, --tool, --reason, --verdict, --caller   the filters of GET /api/decisions
  --out <file>        a new file that only this user can read; it is there when all records are in it

The gateway may run meanwhile. The command reads the database itself: permissions of the policy do not count, and it leaves no
record in the audit. With Docker:
  docker compose exec auth-server node operations/audit/export.ts --format ndjson
It reads DATABASE_URL, or DATA_DIR or UP_DATA_DIR (default: data), from the environment or .env.
Exit code: 0 all is written, 1 it is not, 2 wrong use.`;

type Filter = 'person' | 'server' | 'tool' | 'reason' | 'verdict' | 'caller';
type Options = { [name in Filter | 'format' | 'from' | 'to' | 'out']?: string };

const options = ['format', 'from', 'to', 'person', 'server', 'tool', 'reason', 'verdict', 'caller', 'out'];

export const run = operatorCommand<Options>(
  help,
  (command) => {
    for (const name of options) command.option(`--${name} <${name}>`);
    return command;
  },
  async (given, context) => {
    const query = queryOf(given);
    if (given.out !== undefined && existsSync(given.out))
      throw new CommandError(`${given.out} is there already: an export never replaces a file.`, 1);
    const { env } = readEnvFile(context.env);
    const database = await openExistingAudit(env);
    try {
      const { exportPage } = createExportQuestions(database, createNames(database));
      const { format, ...filters } = query;
      const read = (after: string | undefined) => exportPage({ query: filters, visible: { servers: 'all' }, after });
      const texts = Readable.from(writeExport(format, read));
      await (given.out === undefined ? toOutput(texts, context) : toFile(texts, given.out));
      if (given.out !== undefined) print(context, `All records that match are in ${given.out}.`);
      return 0;
    } finally {
      await database.close();
    }
  },
);

async function toOutput(texts: Readable, { stdout }: Context): Promise<void> {
  await pipeline(texts, stdout, { end: false }).catch((error: Error) => {
    throw new CommandError(`The export is not complete: ${error.message}`, 1);
  });
}

/** Under another name until it is complete: a part must not be taken for the whole. */
async function toFile(texts: Readable, path: string): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await pipeline(texts, createWriteStream(draft, { mode: 0o600, flags: 'wx' }));
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CommandError(`Nothing was exported: ${error instanceof Error ? error.message : error}`, 1);
  }
}

/** @throws {CommandError} that names the option */
function queryOf({ from, to, out: _, ...rest }: Options): ExportQuery {
  const since = from !== undefined && isDay(from) ? `${from}T00:00:00.000Z` : from;
  const until = to !== undefined && isDay(to) ? `${to}T23:59:59.999Z` : to;
  if (rest.format === undefined) throw new CommandError('Give --format: ndjson, csv or ocsf.');
  const read = exportQuery.safeParse({ ...rest, since, until });
  if (read.success) return read.data;
  const words = { since: 'from', until: 'to' } as const;
  const faults = z.flattenError(read.error).fieldErrors;
  const [[name, [fault] = []] = ['format']] = Object.entries(faults);
  throw new CommandError(`--${words[name as keyof typeof words] ?? name} ${fault ?? 'is wrong'}.`);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}

if (import.meta.main) await runAsProgram(run);
