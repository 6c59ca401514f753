import { randomBytes } from 'node:crypto';
import { operatorCommand, print, runAsProgram } from '../command.ts';

const help = `Prints a new SECRET_KEY: 64 hexadecimal digits, and nothing else, so that it can be put into a file.

  echo "SECRET_KEY=$(npm run -s secret-key)" >> .env`;

export const run = operatorCommand(
  help,
  (command) => command,
  (_options, context) => {
    print(context, randomBytes(32).toString('hex'));
    return 0;
  },
);

if (import.meta.main) await runAsProgram(run);
