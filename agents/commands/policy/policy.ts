import { Command } from 'commander';
import type { MakeCommand } from '../../lib/command.ts';
import { confirmCommand } from './confirm.ts';
import { exportCommand } from './export.ts';
import { historyCommand } from './history.ts';
import { importPolicyCommand } from './import.ts';
import { replayCommand } from './replay.ts';
import { revertCommand } from './revert.ts';
import { showCommand } from './show.ts';

const makers = [
  showCommand,
  exportCommand,
  importPolicyCommand,
  replayCommand,
  historyCommand,
  revertCommand,
  confirmCommand,
];

/** The command `policy`: who may do what, its history, and changes of it. */
export const policyCommand: MakeCommand = (context, done) => {
  const command = new Command('policy')
    .description('See and change who may do what, as a person with edit_policy.')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command');
  const { copyInheritedSettings } = command;
  // What the program sets for its commands, such as where they write, these take from this one.
  command.copyInheritedSettings = (source) => {
    copyInheritedSettings.call(command, source);
    for (const each of command.commands) each.copyInheritedSettings(command);
    return command;
  };
  for (const make of makers) command.addCommand(make(context, done));
  return command;
};
