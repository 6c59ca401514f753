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
  row('audit-readers', 'a person sees, sums, suggests and exports of the audit only what their permissions name', {
    'integration/auth-server/decisions/page-door': [
      'A caller without view_audit, without an assertion, or with an assertion for another audience sees nothing',
      'A caller with view_audit for one server sees that server, and nothing about the registry',
    ],
    'integration/auth-server/decisions/usage-door': [
      'A reader with the scope $scopes sees at /usage$query these servers, people and rights only',
      'Sums and suggestions hold what the reader may see, and no one else',
      '%s answers nothing without an assertion for the registry, without view_audit, or to a bad query',
    ],
    'integration/auth-server/decisions/export-door': [
      'A person with %s exports what they may also see',
      'A person who may %s gets nothing, and nothing is recorded',
      'It breaks off when the policy takes a right away, and goes on after any other change',
    ],
    attack: [
      '/api/decisions, without credentials',
      '/api/decisions with identity headers',
      '/api/decisions/export?format=ndjson, without view_audit',
      '/decisions/export?format=csv',
    ],
  }),
  row('audit-formula', 'no cell of an export is a formula, whatever a caller calls a tool', {
    'unit/auth-server/audit/export/csv': [
      'A cell of CSV with %s is one cell, and no formula',
      'a formula',
      'a tab before a formula',
      'a wide equals sign',
    ],
  }),
  row('audit-flooded', 'names that a caller invents fill no list, label or memory, and hide no record', {
    'integration/auth-server/audit/audit': [
      'A caller who invents tool names fills no list: the last 20,000 are kept, and a filter still finds the first',
      'What a caller can write of itself stops no record behind it',
    ],
    'integration/auth-server/audit/usage': [
      'Names that callers invent count as other: tools without a definition, and servers that never allowed anything',
    ],
    'integration/auth-server/audit/thread': [
      'Of more records than fit in memory the newest are counted, and a record with the number follows',
    ],
    'integration/auth-server/decisions/decision-log': ['NUL', 'an ANSI escape', '100,000 letters'],
    'integration/auth-server/decisions/metrics': [
      'have labels for 1,000 routed servers and one for all others, so that a scrape stays small',
    ],
  }),
  row('audit-times', 'no caller chooses the record under which its call is measured', {
    'e2e/call-times': [
      'Time and status of a call arrive at its record, and an X-Request-Id of the client changes nothing',
    ],
    'unit/auth-server/audit/outside/outside': ['Lines about requests that this process has not decided are forgotten'],
  }),
];
