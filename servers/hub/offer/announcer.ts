import { type Change, type ChangeKind, changeKinds } from './feed.ts';

/** A client that wants to know when its lists change. */
export interface Channel {
  /** The set whose lists it sees; empty for all servers. */
  readonly set: string;
  readonly kinds: ReadonlySet<ChangeKind>;
  announce(kind: ChangeKind): void;
}

export type Announcer = ReturnType<typeof createAnnouncer>;

/** A client asks for a list after each announcement: it gets one of a kind in this time, however often servers change. */
const pauseMilliseconds = 1_000;

/**
 * Tells clients that their lists have changed, and gathers what comes soon after each other.
 * @param concerns whether a change may change the lists of a set
 */
export function createAnnouncer(concerns: (set: string, change: Change) => boolean) {
  const channels = new Set<Channel>();
  const pending = new Map<Channel, Set<ChangeKind>>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    const due = [...pending];
    pending.clear();
    for (const [channel, kinds] of due) for (const kind of kinds) channel.announce(kind);
  };
  return {
    /** @returns ends the announcements */
    add(channel: Channel): () => void {
      channels.add(channel);
      return () => {
        channels.delete(channel);
        pending.delete(channel);
      };
    },
    tell(change: Change): void {
      const kinds = change.policy ? changeKinds : change.kinds;
      for (const channel of channels) {
        const own = kinds.filter((kind) => channel.kinds.has(kind));
        if (own.length > 0 && concerns(channel.set, change))
          pending.set(channel, new Set([...(pending.get(channel) ?? []), ...own]));
      }
      if (pending.size > 0) timer ??= setTimeout(flush, pauseMilliseconds).unref();
    },
    stop: (): void => clearTimeout(timer),
  };
}
