import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BackupError, restoreDatabases } from '../databases.ts';

const help = `Brings a backup back. The gateway must be stopped; what was there is kept as ….before-restore.

  npm run -s restore -- FOLDER            what npm run -s backup -- FOLDER made
  ... --archive DATA_FOLDER ...           a tar from standard input, for containers

It writes to UP_DATA_DIR (default: data). Sessions and tokens that were ended since the backup count again: after the start,
run npm run -s revoke -- --all. Exit code: 0 done, 1 not done, 2 wrong use.`;

const [first, ...rest] = process.argv.slice(2);
if (first === undefined || first.startsWith('-h') || first === '--help') {
  console.error(help);
  process.exit(first === undefined ? 2 : 0);
}
try {
  if (first === '--archive') restoreArchive(rest);
  else {
    const dataDir = process.env.UP_DATA_DIR || join(import.meta.dirname, '../../../data');
    console.log(`Brought back: ${restoreDatabases(first, dataDir).join(', ')}.`);
  }
} catch (error) {
  console.error(error instanceof BackupError ? error.message : error);
  process.exitCode = 1;
}

function restoreArchive(folders: readonly string[]): void {
  const draft = mkdtempSync(join(tmpdir(), 'restore-'));
  try {
    const { status } = spawnSync('tar', ['-C', draft, '-xf', '-'], { stdio: ['inherit', 'inherit', 'inherit'] });
    if (status !== 0) throw new BackupError('what came on standard input is no archive');
    for (const folder of folders) {
      console.log(`${basename(folder)}: ${restoreDatabases(join(draft, basename(folder)), folder).join(', ')}`);
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
