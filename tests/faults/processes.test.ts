import { readFileSync } from 'node:fs';
import { type Fault, type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
}, 90_000);
afterAll(() => stage?.stop());

/** Signals a service and all processes that it has started, including its workers. */
function signal(service: string, name: NodeJS.Signals): void {
  const pid = stage.gateway.supervisor.pid(service) ?? 0;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const each of [...children.map(Number), pid]) process.kill(each, name);
}
const killed = (service: string): Pick<Fault, 'begin' | 'lasts' | 'end'> => ({
  begin: () => stage.gateway.kill(service),
  lasts: 1_500,
  end: () => stage.gateway.revive(service),
});

test.each<Fault>([
  {
    what: 'auth-server killed (`kill -9`)',
    ...killed('auth-server'),
    refusals: ['503 authorization_unavailable', '503 unavailable'],
    mayLose: ['lines of the decision log'],
    within: 8,
  },
  {
    what: 'auth-server hangs (`SIGSTOP`)',
    begin: () => signal('auth-server', 'SIGSTOP'),
    lasts: 4_000,
    end: () => signal('auth-server', 'SIGCONT'),
    refusals: ['503 authorization_unavailable', '503 decision_too_slow', '503 unavailable'],
    within: 4,
  },
  {
    what: 'relay killed',
    ...killed('relay'),
    refusals: ['502 relay_unavailable'],
    mayLose: ['open streams'],
    within: 8,
  },
  {
    what: 'registry killed',
    ...killed('registry'),
    refusals: ['503 unavailable'],
    within: 10,
  },
  {
    what: 'an MCP server killed',
    ...killed('currenttime'),
    refusals: ['502 upstream_unavailable'],
    within: 8,
  },
])(
  'During this fault, no unauthorized request is allowed, and the gateway recovers afterwards: $what',
  async (fault) => record(await stage.endure(fault)),
  60_000,
);
