/** How many checks run at once, and how many of these may be of servers that were slow the last time. */
const atOnce = 16;
const slowAtOnce = 4;

/** What is known of a server's turn. */
export interface Turn {
  dueAt: number;
  /** The last check ran out of time: a crowd of such servers must not keep the others waiting. */
  isSlow: boolean;
  isRunning: boolean;
}

/** Those that are to be checked now: what is due, the longest waiting first, as far as there is room. */
export function nextTurns<T extends Turn>(turns: Iterable<T>, now: number): T[] {
  const all = [...turns];
  const running = all.filter((turn) => turn.isRunning);
  let room = atOnce - running.length;
  let slowRoom = slowAtOnce - running.filter((turn) => turn.isSlow).length;
  const due = all.filter((turn) => !turn.isRunning && turn.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
  return due.filter((turn) => {
    if (room <= 0 || (turn.isSlow && slowRoom <= 0)) return false;
    room--;
    if (turn.isSlow) slowRoom--;
    return true;
  });
}
