import { row } from '../support/rows/row.ts';

/** What one could do to the audit who can write its database, or is in it. */
export const audit = [
  row('audit-rewritten', 'no record or statement is removed, changed, inserted or moved without a trace', {
    'unit/auth-server/audit/chain/verify': [
      'if %s, verify says where',
      'every single change of a stored record, statement, process or caller is found',
      'statements that were kept elsewhere show what an operator with the key has rewritten',
    ],
    'integration/auth-server/audit/chain': [
      'a record that was %s is found, over days',
      'after a process was killed while it wrote, its chain is whole and unfinished, beside that of another process',
      'statements go to the log too, and verify takes them from there',
    ],
    'integration/operations/audit': [
      'with statements and a key that were kept elsewhere, audit:verify finds what was signed again',
    ],
  }),
  row('audit-remembers', 'a person who was erased is in no record, and no digest lets one guess that they were', {
    'integration/operations/audit': [
      'audit:erase removes all that says who a person was, and the audit stays whole',
      'what was erased is in no file of SQLite any more',
    ],
  }),
];
