import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * Waits until the database lets somebody in, a minute at most: in a compose file one cannot depend on a service that only
 * some profiles have. Whoever comes after finds out what is wrong with a database that still does not answer.
 * @param url `DATABASE_URL`; without one there is nothing to wait for
 */
export async function databaseAnswers(url: string | undefined): Promise<void> {
  if (!url) return;
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(500)) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch {}
  }
}
