import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../common/settings/values.ts';
import { operatorCommand, print, runAsProgram } from '../command.ts';
import { chartSettings } from './chart.ts';
import { configurationDocument } from './document.ts';

const help = `Writes docs/configuration.md, and the names that the Helm chart knows, from the table of settings in common/settings/.

  npm run docs:configuration`;

const files = [
  [join(root, 'docs', 'configuration.md'), configurationDocument],
  [join(root, 'deploy', 'helm', 'known-settings.yaml'), chartSettings],
] as const;

export const run = operatorCommand(
  help,
  (command) => command,
  (_options, context) => {
    for (const [file, text] of files) {
      writeFileSync(file, text());
      print(context, `${file} is written.`);
    }
    return 0;
  },
);

if (import.meta.main) await runAsProgram(run);
