import { replaceFile } from '../../common/files/replace-file.ts';
import type { Logger } from '../../common/service/log.ts';
import { interval } from '../../common/time/interval.ts';
import { oneAtATime } from '../../common/time/one-at-a-time.ts';
import type { DefinitionHashes } from '../store/definitions.ts';
import type { ApprovedDefinitions } from './approved-definitions.ts';

const rewriteMilliseconds = 15_000;

/**
 * Keeps the file of approved tools up to date, including approvals of other registries over the same database. Each
 * registry writes it on its own machine, for the auth-server and the relay there.
 * @param onChange called after each change of a definition. Never rejects
 * @returns `write`, which writes the file now and never rejects
 * @throws if the file cannot be written the first time
 */
export async function keepApprovedTools(
  definitions: Pick<ApprovedDefinitions, 'hashes' | 'follow'>,
  path: string,
  log: Logger,
  onChange: () => Promise<void> = async () => undefined,
  intervalMs = 1_000,
) {
  const writeAll = oneAtATime(() => writeApprovedTools(path, definitions.hashes()));
  let writing = writeAll();
  await writing;
  const failed = (err: unknown) => log.error({ err, path }, 'the approved tools cannot be written; the old file stays');
  let written = { names: definitions.hashes(), at: performance.now() };
  const write = (): Promise<void> => {
    const names = definitions.hashes();
    // Also from time to time without a change, in case the file was damaged.
    if (names === written.names && performance.now() - written.at < rewriteMilliseconds) return writing;
    if (names !== written.names) void onChange();
    written = { names, at: performance.now() };
    writing = writeAll().catch((err: unknown) => {
      failed(err);
      written = { ...written, at: Number.NEGATIVE_INFINITY };
    });
    return writing;
  };
  const follow = async () => {
    if (await definitions.follow()) await write();
  };
  const timer = interval(intervalMs, follow, failed);
  return { write, stop: (): void => clearInterval(timer) };
}

/**
 * Atomically writes `{"version":1,"servers":{"name":["tool",…]},"readOnly":{"name":["tool",…]},"definitions":{"name":{"tool":"hash",…}}}`:
 * the callable tools of every server whose tools the registry has read; those of them that only read, by a definition that a
 * person approved; and the hash of each definition as it was last approved. A tool that has changed is in neither list. The
 * hashes are for the audit alone.
 */
async function writeApprovedTools(path: string, hashes: DefinitionHashes): Promise<void> {
  const unchanged = (names: 'approved' | 'readOnly') =>
    Object.fromEntries(
      [...hashes].map(([server, known]) => [
        server,
        [...known[names].keys()].filter((name) => !known.pending.has(name)).sort(),
      ]),
    );
  const [servers, readOnly] = [unchanged('approved'), unchanged('readOnly')];
  const definitions = Object.fromEntries(
    [...hashes].map(([server, { approved }]) => [server, Object.fromEntries([...approved].sort())]),
  );
  await replaceFile(path, `${JSON.stringify({ version: 1, servers, readOnly, definitions })}\n`, 0o700);
}
