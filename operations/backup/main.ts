import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BackupError, copyDatabases } from './databases.ts';

const help = `Copies the databases of a gateway while it runs.

  npm run -s backup -- FOLDER             into FOLDER, which is made; back by npm run -s restore -- FOLDER
  ... --archive DATA_FOLDER ...           several data folders as a tar on standard output, for containers

It reads UP_DATA_DIR (default: data). The copy holds private keys, and the SECRET_KEY if it was generated: keep it like a
password. With DATABASE_URL use pg_dump. Exit code: 0 done, 1 not done, 2 wrong use.`;

const [first, ...rest] = process.argv.slice(2);
if (first === undefined || first.startsWith('-h') || first === '--help') {
  console.error(help);
  process.exit(first === undefined ? 2 : 0);
}
try {
  if (first === '--archive') await writeArchive(rest);
  else {
    const names = await copyDatabases(process.env.UP_DATA_DIR || join(import.meta.dirname, '../../data'), first);
    console.log(`${first} holds ${names.join(', ')}.`);
  }
} catch (error) {
  console.error(error instanceof BackupError ? error.message : error);
  process.exitCode = 1;
}

async function writeArchive(folders: readonly string[]): Promise<void> {
  const draft = mkdtempSync(join(tmpdir(), 'backup-'));
  try {
    for (const folder of folders) await copyDatabases(folder, join(draft, basename(folder)));
    const { status } = spawnSync('tar', ['-C', draft, '-cf', '-', '.'], { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new BackupError('the archive could not be written');
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
