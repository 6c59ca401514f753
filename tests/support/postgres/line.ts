import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execute } from './databases.ts';

/** A way to a database that a test can break, while other tests use the same PostgreSQL. */
export interface Line {
  /** The URL of the database over this line. */
  url: string;
  /** What clients see of a fast shutdown: each gets PostgreSQL's own message (57P01), and then finds no server. */
  cut(): Promise<void>;
  /** The server is there again. */
  restore(): Promise<void>;
  /** What clients see of a server that hangs: connections are accepted, and nothing is answered. */
  hang(): void;
  /** It continues, also with what was sent meanwhile. */
  resume(): void;
  close(): Promise<void>;
}

/** Name of the socket file of a server on PostgreSQL's default port. */
const socketFile = '.s.PGSQL.5432';

/** @param database URL of the database behind the line. Its other clients notice nothing of the line. */
export async function openLine(database: string): Promise<Line> {
  const directory = mkdtempSync(join(tmpdir(), 'pg-line-'));
  const url = new URL(database);
  const upstreamPath = join(url.searchParams.get('host') ?? '', socketFile);
  url.searchParams.set('host', directory);
  url.searchParams.set('application_name', basename(directory));
  url.searchParams.delete('connect_timeout');
  const open = new Set<Socket>();
  let hangs = false;
  const forward = (from: Socket, to: Socket) => {
    open.add(from);
    from.on('data', (bytes) => to.write(bytes));
    from.on('error', () => undefined);
    from.on('close', () => {
      open.delete(from);
      to.destroySoon();
    });
    if (hangs) from.pause();
  };
  const server = createServer((client) => {
    const upstream = connect(upstreamPath);
    forward(client, upstream);
    forward(upstream, client);
  });
  const restore = async () => {
    if (server.listening) return;
    server.listen(join(directory, socketFile));
    await once(server, 'listening');
  };
  await restore();
  return {
    url: url.href,
    restore,
    async cut() {
      const closed = new Promise((resolve) => server.close(resolve));
      await execute(
        database,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${basename(directory)}'`,
      );
      await closed;
    },
    hang() {
      hangs = true;
      for (const socket of open) socket.pause();
    },
    resume() {
      hangs = false;
      for (const socket of open) socket.resume();
    },
    async close() {
      for (const socket of open) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
