import { checksAtOnce, slowChecksAtOnce } from './probe/limits.ts';

/** When a server is due for a check. */
export interface Turn {
  dueAt: number;
  /** The last check was slow. Many such servers must not delay the others. */
  isSlow: boolean;
  isRunning: boolean;
}

/** Returns the servers to check now: those that are due, longest waiting first, within the limits. */
export function nextTurns<T extends Turn>(turns: Iterable<T>, now: number): T[] {
  const all = [...turns];
  const running = all.filter((turn) => turn.isRunning);
  let room = checksAtOnce - running.length;
  let slowRoom = slowChecksAtOnce - running.filter((turn) => turn.isSlow).length;
  const due = all.filter((turn) => !turn.isRunning && turn.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
  return due.filter((turn) => {
    if (room <= 0 || (turn.isSlow && slowRoom <= 0)) return false;
    room--;
    if (turn.isSlow) slowRoom--;
    return true;
  });
}
