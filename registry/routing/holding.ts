import type { Account } from '../../common/answers/byte-gatherer.ts';

/** The memory that one check holds until its end. */
export interface Holding {
  /** Adds bytes; negative ones were given back. Throws when there is no room. */
  add: Account;
  /** Gives everything back, at the end of the check. */
  release: () => void;
}

/** Makes the holding of one check. @param account of its server */
export function startHolding(account: Account = () => undefined): Holding {
  let held = 0;
  let isOver = false;
  return {
    add(bytes) {
      // A stream of the check may still be ending.
      if (isOver) return;
      account(bytes);
      held += bytes;
    },
    release() {
      if (!isOver) account(-held);
      isOver = true;
    },
  };
}
