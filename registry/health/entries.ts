import { targetOf } from '../servers/server.ts';
import type { StoredHealth } from '../store/observations.ts';
import { dropKept, type Entry, type Monitored, newEntry, restore } from './entry.ts';

/** The monitor's entries, and what was stored of the servers. */
export function createEntries() {
  const entries = new Map<string, Entry>();
  const stored = new Map<string, StoredHealth>();
  return {
    get: (name: string) => entries.get(name),
    all: () => [...entries.values()],
    found(all: readonly StoredHealth[]): void {
      for (const each of all) {
        stored.set(each.server, each);
        const entry = entries.get(each.server);
        if (entry?.target === each.target && (entry.checkedAt ?? 0) < each.checkedAt) restore(entry, each);
      }
    },
    /** A server that has moved gets a new entry. */
    of(server: Monitored): Entry {
      const target = targetOf(server);
      const { revision } = server;
      const old = entries.get(server.name);
      if (old?.target === target) {
        if (old.revision !== revision) {
          Object.assign(old, { revision, dueAt: 0, isSlow: false });
          void dropKept(old);
        }
        return old;
      }
      if (old) void dropKept(old);
      const entry = newEntry(target, revision);
      const before = stored.get(server.name);
      if (before?.target === target) restore(entry, before);
      entries.set(server.name, entry);
      return entry;
    },
    /** Deletes all other servers. */
    only(names: readonly string[]): void {
      const present = new Set(names);
      for (const [name, entry] of entries) if (!present.has(name)) void dropKept(entry);
      for (const map of [entries, stored]) for (const name of map.keys()) if (!present.has(name)) map.delete(name);
    },
  };
}
