import { spawnSync } from 'node:child_process';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { home, isPackage, root } from '../common/settings/values.ts';
import { version } from '../common/settings/version.ts';
import { runAsProgram } from '../operations/command.ts';
import { commands } from './commands.ts';
import { prepareHome } from './home.ts';

if (isPackage) {
  try {
    prepareHome(home, root);
  } catch (error) {
    console.error(`The gateway keeps its files in ${home}, which cannot be written: ${(error as Error).message}
Set HOME to a folder that this user may write.`);
    process.exit(1);
  }
  enableCompileCache(join(home, 'cache'));
}

const words = process.argv.slice(2);
// "help doctor" is "doctor --help".
if (words[0] === 'help' && words[1] !== undefined) words.splice(0, 2, words[1], '--help');
const [name = 'help'] = words;
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (['help', '--help', '-h'].includes(name)) {
  const { printHelp } = await import('./help.ts');
  printHelp(process.stdout);
} else if (['--version', '-V'].includes(name)) {
  console.log(version);
} else if (command === undefined) {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...words);
  await import('../agents/main.ts');
} else {
  // Each program reads its own words.
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...words.slice(1));
  if (name === 'up' && words.length === 1) prepareUp();
  const run = await command.load();
  if (run) await runAsProgram(run);
}

/** Installs nginx where it is missing, and makes relative paths of the settings count from the operator's folder. */
function prepareUp(): void {
  const { status } = spawnSync('sh', [join(root, 'launch', 'setup'), 'nginx'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  process.chdir(home);
}
