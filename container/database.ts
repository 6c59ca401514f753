import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * Waits up to a minute until the database accepts connections. Compose cannot depend on a service that only some profiles
 * have. After a minute it returns anyway, and the service reports the failure.
 * @param url `DATABASE_URL`; undefined: return at once
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
