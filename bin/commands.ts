import type { Run } from '../operations/command.ts';

/** A command on the gateway's machine. */
export interface Command {
  /** What it does, for the list of commands. */
  summary: string;
  /** Loads what it runs; undefined if the module runs itself when it is loaded. */
  load: () => Promise<Run | undefined>;
}

const program = (summary: string, load: () => Promise<{ run: Run }>): Command => ({
  summary,
  load: async () => (await load()).run,
});

const itself = (summary: string, load: () => Promise<unknown>): Command => ({
  summary,
  load: async () => {
    await load();
    return undefined;
  },
});

/** The commands for operators, in the order of the help. In a checkout each is the npm script of the same name. */
export const commands: Readonly<Record<string, Command>> = {
  up: itself('Start the whole gateway on this machine; Ctrl-C stops it.', () => import('../launch/up.ts')),
  doctor: program(
    'Examine settings, user pool, policy and the running gateway.',
    () => import('../operations/doctor/main.ts'),
  ),
  revoke: program('End sessions and tokens, or list who is logged in.', () => import('../operations/revoke/main.ts')),
  explain: program('Say who may do what, and why.', () => import('../operations/policy/explain.ts')),
  'scopes:check': program('Look for mistakes in a policy.', () => import('../operations/policy/check.ts')),
  'scopes:diff': program('Say what differs between two policies.', () => import('../operations/policy/diff.ts')),
  'secret-key': program('Print a new SECRET_KEY.', () => import('../operations/config/secret-key.ts')),
  backup: program('Copy the databases while the gateway runs.', () => import('../operations/backup/main.ts')),
  restore: program('Restore the databases from a copy.', () => import('../operations/backup/restore/main.ts')),
  'audit:export': program('Write the audit as NDJSON, CSV or OCSF.', () => import('../operations/audit/export.ts')),
  'audit:verify': program('Find what was changed in the audit.', () => import('../operations/audit/verify.ts')),
  'audit:erase': program('Erase a person from the audit.', () => import('../operations/audit/erase.ts')),
  'accounts:rekey': program(
    "Lock people's accounts at servers with a new key.",
    () => import('../operations/accounts/rekey.ts'),
  ),
  'servers:rename': program(
    'Rename a server, with all that names it.',
    () => import('../operations/servers/rename.ts'),
  ),
  attack: itself('Run known attacks against your own gateway.', () => import('../attack/main.ts')),
};
