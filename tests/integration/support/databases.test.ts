import { emptyDatabase, execute } from '../../support/postgres/databases.ts';

test('An emptied database has no day of the audit that an earlier test has made', async () => {
  const url = await emptyDatabase();
  await execute(url, 'create table days (at date) partition by range (at)');
  try {
    await execute(url, `create table days_1 partition of days for values from ('2026-01-01') to ('2026-01-02')`);
    await emptyDatabase();
    await execute(url, 'create table days_1 (at date)');
    await execute(url, 'drop table days_1');
  } finally {
    await execute(url, 'drop table days');
  }
});
