import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { textOf } from '../../common/files/text-of.ts';
import { begin } from '../gateway/identity.ts';
import { askRegistry } from '../gateway/registry.ts';
import { type CallerOptions, does, type Run, withIdentity } from '../lib/command.ts';
import { type ExitCode, exitCodes, usageError } from '../lib/failure.ts';
import { table } from '../lib/print.ts';

interface ImportOptions extends CallerOptions {
  dryRun?: boolean;
}

const answer = z.object({
  results: z.array(
    z.object({
      name: z.string().nullable(),
      outcome: z.enum(['registered', 'updated', 'skipped', 'refused']),
      reason: z.string().nullable(),
      changes: z.array(z.string()).default([]),
      hints: z.array(z.string()),
    }),
  ),
});

interface Found {
  file: string;
  entry: unknown;
}

/** What the registry takes in one request: a page of the MCP registry, and a megabyte, of which a character may need three bytes. */
const mostEntries = 100;
const mostCharacters = 300_000;

/** The command `import`: registers the servers that files describe. */
export const importCommand = does<ImportOptions>(
  'import',
  'Register servers from server.json files, or from server files of the Python original.',
  [
    'mcp-gateway import --use-session-cookie --dry-run server.json',
    'mcp-gateway import --use-session-cookie registry/servers/*.json',
  ],
  (command) =>
    withIdentity(
      command
        .argument('<file...>', 'JSON: one server, or a list of them')
        .option('--dry-run', 'only show what would happen'),
    ),
  importFiles,
);

async function importFiles(run: Run<ImportOptions>): Promise<ExitCode> {
  const { print, options, args } = run;
  const entries = (await Promise.all(args.map(entriesOf))).flat();
  const who = { ...(await begin(run)), print };
  const path = `/api/import${options.dryRun ? '?dry_run=true' : ''}`;
  const results: (z.output<typeof answer>['results'][number] & { file: string })[] = [];
  // Together: nginx loads the routes of one request once, and names that clash show in a dry run too.
  for (const part of partsOf(entries)) {
    print.progress(`${results.length + part.length} of ${entries.length}`);
    const told = (
      await askRegistry(
        who,
        path,
        answer,
        part.map(({ entry }) => entry),
      )
    ).results;
    for (const [index, result] of told.entries()) results.push({ file: part[index]?.file ?? '', ...result });
  }
  const refused = results.filter(({ outcome }) => outcome === 'refused').length;
  print.result({ dry_run: options.dryRun ?? false, results }, () => {
    const rows = results.map(({ file, name, outcome, reason, changes, hints }) => [
      outcome,
      name ?? '-',
      file,
      [reason ?? '', changes.join('; '), ...hints].filter(Boolean).join(' '),
    ]);
    return table([options.dryRun ? 'WOULD BE' : 'OUTCOME', 'SERVER', 'FILE', 'REMARKS'], rows, print.width);
  });
  return refused > 0 ? exitCodes.failed : exitCodes.ok;
}

async function entriesOf(file: string): Promise<Found[]> {
  const value = await readJson(file);
  if (typeof value === 'object' && value !== null && 'mcpServers' in value && typeof value.mcpServers === 'object')
    return Object.entries(value.mcpServers ?? {}).map(([name, of]) => ({
      file,
      entry: { clientServer: name, config: of },
    }));
  const page = typeof value === 'object' && value !== null && 'servers' in value ? value.servers : value;
  return (Array.isArray(page) ? page : [page]).map((entry: unknown) => ({ file, entry }));
}

/** Splits entries into requests that the registry takes. */
function partsOf(entries: readonly Found[]): Found[][] {
  const parts: Found[][] = [];
  let bytes = 0;
  for (const each of entries) {
    const size = JSON.stringify(each.entry)?.length ?? 0;
    const part = parts.at(-1);
    if (part && part.length < mostEntries && bytes + size < mostCharacters) part.push(each);
    else {
      parts.push([each]);
      bytes = 0;
    }
    bytes += size;
  }
  return parts;
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw usageError(`${file} cannot be read (${cause.code ?? 'unknown'}).`, [], cause);
  });
  try {
    return JSON.parse(textOf(bytes));
  } catch (cause) {
    throw usageError(`${file} is not JSON.`, [], cause);
  }
}
