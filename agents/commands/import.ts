import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { begin } from '../gateway/identity.ts';
import { askRegistry } from '../gateway/registry.ts';
import { type CallerOptions, does, type Run, withIdentity } from '../lib/command.ts';
import { type ExitCode, exitCodes, usageError } from '../lib/failure.ts';
import { table } from '../lib/print.ts';

interface ImportOptions extends CallerOptions {
  dryRun?: boolean;
}

const answer = z.object({
  results: z
    .array(
      z.object({
        name: z.string().nullable(),
        outcome: z.enum(['registered', 'skipped', 'refused']),
        reason: z.string().nullable(),
        hints: z.array(z.string()),
      }),
    )
    .length(1),
});

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
  // One by one: nginx reloads for each route, and a long list in one request would exceed its timeout.
  for (const { file, entry } of entries) {
    print.progress(`${results.length + 1} of ${entries.length}`);
    const [result] = (await askRegistry(who, path, answer, [entry])).results;
    if (result) results.push({ file, ...result });
  }
  const refused = results.filter(({ outcome }) => outcome === 'refused').length;
  print.result({ dry_run: options.dryRun ?? false, results }, () => {
    const rows = results.map(({ file, name, outcome, reason, hints }) => [
      outcome,
      name ?? '-',
      file,
      [reason ?? '', ...hints].filter(Boolean).join(' '),
    ]);
    return table([options.dryRun ? 'WOULD BE' : 'OUTCOME', 'SERVER', 'FILE', 'REMARKS'], rows, print.width);
  });
  return refused > 0 ? exitCodes.failed : exitCodes.ok;
}

async function entriesOf(file: string): Promise<{ file: string; entry: unknown }[]> {
  const value = await readJson(file);
  if (typeof value === 'object' && value !== null && 'mcpServers' in value && typeof value.mcpServers === 'object')
    return Object.entries(value.mcpServers ?? {}).map(([name, of]) => ({
      file,
      entry: { clientServer: name, config: of },
    }));
  const page = typeof value === 'object' && value !== null && 'servers' in value ? value.servers : value;
  return (Array.isArray(page) ? page : [page]).map((entry: unknown) => ({ file, entry }));
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw usageError(`${file} cannot be read (${cause.code ?? 'unknown'}).`, [], cause);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw usageError(`${file} is not JSON.`, [], cause);
  }
}
