import type { Logger } from '../../../common/service/log.ts';
import { interval } from '../../../common/time/interval.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import type { UpstreamSecrets } from '../../../common/upstream-secrets/watch.ts';
import type { AccountStore } from '../../store/accounts/account.ts';
import type { AccountRow } from '../../store/accounts/account-row.ts';
import { about, type Refresh } from './refresh.ts';

export interface SweepDeps {
  secrets: Pick<UpstreamSecrets, 'accounts'>;
  rows: AccountStore;
  refresh: Refresh;
  /** Revokes what is queued. */
  revokeDeparted: () => Promise<void>;
  /** Days without use after which an account is disconnected. */
  idleDays: number;
  log: Logger;
}

const aheadMilliseconds = 30_000;
const revokeMilliseconds = 15_000;
const idleMilliseconds = 600_000;
const daySeconds = 86_400;
/** How many providers' answers are awaited at once. */
const atOnce = 8;
/** One run of a process; the next one goes on. */
const mostRounds = 50;

/** Work on accounts off the path of calls. Processes and machines share it: leases and the rows themselves keep them apart. */
export function createSweep(deps: SweepDeps) {
  const { rows, log, secrets, refresh } = deps;
  const entryOf = (row: AccountRow): AccountProvider | undefined => {
    const entry = secrets.accounts().get(row.account);
    return entry?.identity === row.identity ? entry : undefined;
  };
  /** Refreshes what was used since its last refresh and ends soon. */
  const ahead = async () => {
    const tried = new Set<string>();
    for (let round = 0; round < mostRounds; round++) {
      const identities = [...secrets.accounts().values()].map(({ identity }) => identity);
      const due = (await rows.due(nowInSeconds(), identities)).filter(({ key }) => !tried.has(key));
      if (due.length === 0) return;
      for (let start = 0; start < due.length; start += atOnce)
        await Promise.all(
          due.slice(start, start + atOnce).map(async (row) => {
            tried.add(row.key);
            const entry = entryOf(row);
            if (entry) await refresh(row, entry);
          }),
        );
    }
  };
  /** Disconnects what was not used for long: tokens of people who have left must not live on. */
  const idle = async () => {
    const before = nowInSeconds() - deps.idleDays * daySeconds;
    for (let round = 0; round < mostRounds; round++) {
      const gone = await rows.remove(await rows.unused(before), before);
      if (gone.length === 0) return;
      for (const row of gone)
        log.info({ reason: 'unused', ...about(row) }, "a person's account was disconnected: it was not used for long");
    }
  };
  return {
    ahead,
    idle,
    /** @returns stops it */
    start(): () => void {
      const failed = (err: unknown) => log.error({ err }, "the background work on people's accounts failed");
      const timers = [
        interval(aheadMilliseconds, ahead, failed),
        interval(revokeMilliseconds, deps.revokeDeparted, failed),
        interval(idleMilliseconds, idle, failed),
      ];
      return () => {
        for (const timer of timers) clearInterval(timer);
      };
    },
  };
}
