import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Postgres } from '../../../bench/postgres.ts';

/** The variable with the port at which a run says where its PostgreSQL is. */
export const postgresPort = 'TEST_POSTGRES_PORT';

/** What it says: the URL of the database `postgres`, or why there is none. */
export type PostgresAnswer = { url: string } | { problem: string };

/**
 * Jest calls this once before a run, in the process that starts the workers. The first test file that asks for PostgreSQL
 * starts it; all workers share it. It ends with this process, however that ends.
 */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export
export default async function setup(): Promise<void> {
  let postgres: Promise<Postgres> | undefined;
  const answer = async (): Promise<PostgresAnswer> => {
    try {
      postgres ??= import('../../../bench/postgres.ts').then(({ startPostgres }) => startPostgres());
      const { unref, urlOf } = await postgres;
      unref();
      return { url: urlOf('postgres') };
    } catch (error) {
      return { problem: String(error) };
    }
  };
  const server = createServer(async (socket) => {
    socket.on('error', () => undefined);
    socket.end(JSON.stringify(await answer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  process.env[postgresPort] = String((server.address() as AddressInfo).port);
}
