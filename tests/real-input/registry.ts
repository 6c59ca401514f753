import { row } from '../support/rows/row.ts';

/** What is imported and registered, and who reads the registry. */
export const registry = [
  row('servers of different vendors with one name', 'each has a name of its own', {
    'integration/registry/import/import': [
      'Servers of different vendors get different names, also where their own part is the same',
    ],
  }),
  row('several versions, deleted and deprecated ones', 'only the newest is imported', {
    'integration/registry/import/import': [
      'Only the newest version counts, and what its makers have deleted is not imported',
    ],
  }),
  row('texts, icons, tags and repositories of any form', 'they do not stop an import', {
    'integration/registry/import/import': [
      'What only decorates a server does not stop its import, and hints say what was changed',
    ],
  }),
  row('the mcpServers of a client', 'they are imported', {
    'integration/registry/import/import': [
      'The configuration of a client is imported; what a client starts itself is refused with the way out',
    ],
  }),
  row('paths, headers and credentials of the original', 'they are mended or named', {
    'integration/registry/import/import': [
      'Paths and credentials of the original are mended or named, and no credential is kept',
    ],
  }),
];
