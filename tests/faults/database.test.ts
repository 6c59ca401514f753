import { setTimeout as sleep } from 'node:timers/promises';
import { type Postgres, startPostgres } from '../../bench/postgres.ts';
import { type Fault, type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

let stage: Stage;
let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
  stage = await startStage({ DATABASE_URL: postgres.urlOf('postgres') });
}, 90_000);
afterAll(async () => {
  await stage?.stop();
  await postgres?.remove();
});

const noStore = ['503 store_unavailable', '503 decision_too_slow', '503 authorization_unavailable', '503 unavailable'];

test.each<Fault>([
  {
    what: 'PostgreSQL is stopped',
    begin: () => postgres.stop(),
    lasts: 5_000,
    end: () => postgres.start(),
    refusals: noStore,
    within: 8,
  },
  {
    what: 'PostgreSQL is stopped for longer than sessions are cached (a minute)',
    begin: () => postgres.stop(),
    lasts: 70_000,
    end: () => postgres.start(),
    refusals: [...noStore, '502 upstream_unavailable'],
    mayLose: ['open streams'],
    within: 10,
  },
  {
    what: 'PostgreSQL hangs (`SIGSTOP`)',
    begin: () => postgres.signal('SIGSTOP'),
    lasts: 5_000,
    end: async () => {
      postgres.signal('SIGCONT');
      await sleep(50);
    },
    refusals: noStore,
    within: 8,
  },
])(
  'While $what, no unauthorized request is allowed, and the gateway recovers afterwards',
  async (fault) => record(await stage.endure(fault)),
  150_000,
);
