import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../common/settings/values.ts';
import { operatorCommand, print, runAsProgram } from '../command.ts';
import { configurationDocument } from './document.ts';

const help = `Writes docs/configuration.md from the table of settings in common/settings/.

  npm run docs:configuration`;

const file = join(root, 'docs', 'configuration.md');

export const run = operatorCommand(
  help,
  (command) => command,
  (_options, context) => {
    writeFileSync(file, configurationDocument());
    print(context, `${file} is written.`);
    return 0;
  },
);

if (import.meta.main) await runAsProgram(run);
