import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { attempt } from '../../../../common/text/config-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
writeFileSync(join(folder, 'file'), '');
mkdirSync(join(folder, 'taken.db'));

test.each([
  ['a folder that is a file', join(folder, 'file', 'a.db')],
  ['a file that is a folder', join(folder, 'taken.db')],
])('a database that cannot be written is named with its path, its user and the variable: %s', (_, path) => {
  const { faults } = attempt(() => openSqlite(path));
  expect(faults).toEqual([
    expect.stringMatching(/^DATA_DIR: .* cannot be written by the user of this process \(uid \d+\); .*UP_DATA_DIR/),
  ]);
  expect(faults[0]).toContain(path);
});
