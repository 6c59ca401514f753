import { usualInterval, watchContent } from '../../../common/files/watched-file.ts';
import type { Logger } from '../../../common/service/log.ts';
import { type KeysPlace, readKeys } from './keys.ts';
import { createVault, type Vault } from './vault.ts';

/**
 * The vault over the file of keys. The file is read when a key is first needed, and again within half a second of each change; a
 * broken file never replaces good keys.
 */
export function openVault(place: KeysPlace, log: Logger): Vault & { stop(): void } {
  let keys: Promise<string[]> | undefined;
  let stopWatching = () => {};
  const watch = (first: string[]) => {
    const read = () => readKeys(place);
    const keyOf = (all: readonly string[]) => all.join('\n');
    stopWatching = watchContent({ value: first }, read, keyOf, changed, usualInterval);
  };
  const changed = (found: { value: string[] } | { error: unknown }) => {
    if ('value' in found) {
      keys = Promise.resolve(found.value);
      log.info({ keys: found.value.length }, "the keys of people's accounts were read again");
    } else
      log.error({ err: found.error }, "the changed keys of people's accounts cannot be used; the last good ones stay");
  };
  const readOnce = async () => {
    const first = await readKeys(place);
    watch(first);
    return first;
  };
  const vault = createVault(() => {
    keys ??= readOnce().catch((error) => {
      keys = undefined;
      throw error;
    });
    return keys;
  });
  return { ...vault, stop: () => stopWatching() };
}
