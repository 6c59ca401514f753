import { row } from '../support/rows/row.ts';

const keep = 'integration/auth-server/audit/keep';
const chain = 'integration/auth-server/audit/chain';

/** What could take records from the audit without anyone's intention. */
export const kept = [
  row('audit-upgraded', 'what an older release has recorded is taken over once, also while one still runs beside', {
    [keep]: [
      'What older releases have recorded is taken over once by several processes, also what an old one writes meanwhile',
      'A batch that was claimed by a process that died is written by the next one, under the same numbers',
    ],
    [chain]: ['before anything is signed, the records of an upgraded gateway are whole and not yet signed'],
  }),
  row('audit-restored', 'a restored audit is whole up to its backup, and goes on from there', {
    'integration/operations/backup': [
      'The audit is in the backup with its days; after a restore, days that the backup does not have are put aside',
      'After a restore the audit is whole up to the backup, whatever was signed since, and goes on from there',
    ],
  }),
  row('audit-killed', 'a process that is killed loses what it had not written, and nothing else', {
    [chain]: [
      'after a process was killed while it wrote, its chain is whole and unfinished, beside that of another process',
    ],
    'integration/auth-server/audit/thread': [
      'A thread that dies is reported and started again, and every record is written once',
      'While the database cannot be written, records wait in memory, which is reported once, and are written later',
    ],
  }),
  row('audit-shared', 'processes at one database have a chain each, and one of them signs for all', {
    [chain]: ['two processes at one database have a chain each, and one of them signs where both stand'],
    'integration/auth-server/audit/audit': ['Each process returns the decisions of all processes, the newest first'],
    'integration/auth-server/audit/usage': [
      'Only the process with the lease makes sums; another one takes over when the lease has ended',
    ],
  }),
];
