import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../common/service/log.ts';
import { interval } from '../../common/time/interval.ts';
import type { DefinitionHashes } from '../store/definitions.ts';
import type { ApprovedDefinitions } from './approved-definitions.ts';

export interface ApprovedFileOptions {
  definitions: Pick<ApprovedDefinitions, 'hashes' | 'follow'>;
  path: string;
  log: Logger;
  intervalMs?: number;
}

const againMilliseconds = 15_000;

/**
 * Keeps the file in step with what is approved, also by other registries over the same database: each writes it on its
 * own machine, for the auth-server and the relay there.
 * @returns `write` to do so now, which never rejects
 * @throws when the file cannot be written the first time
 */
export async function keepApprovedTools({ definitions, path, log, intervalMs = 1_000 }: ApprovedFileOptions) {
  let queue = writeApprovedTools(path, definitions.hashes());
  await queue;
  const failed = (err: unknown) => log.error({ err, path }, 'the approved tools cannot be written; the old file stays');
  let written = { names: definitions.hashes(), at: performance.now() };
  const write = (): Promise<void> => {
    const names = definitions.hashes();
    // Now and then also if nothing is new: somebody may have spoilt the file.
    if (names === written.names && performance.now() - written.at < againMilliseconds) return queue;
    written = { names, at: performance.now() };
    queue = queue
      .then(() => writeApprovedTools(path, names))
      .catch((err: unknown) => {
        failed(err);
        written = { ...written, at: Number.NEGATIVE_INFINITY };
      });
    return queue;
  };
  const follow = async () => {
    if (await definitions.follow()) await write();
  };
  const timer = interval(intervalMs, follow, failed);
  return { write, stop: (): void => clearInterval(timer) };
}

/**
 * Writes `{"version":1,"servers":{"name":["tool",…]}}` in one step: of every server whose tools were seen, those that
 * may be called. A tool that has changed is not among them.
 */
async function writeApprovedTools(path: string, names: DefinitionHashes): Promise<void> {
  const servers = Object.fromEntries(
    [...names].map(([server, { approved, pending }]) => [
      server,
      [...approved.keys()].filter((name) => !pending.has(name)).sort(),
    ]),
  );
  const text = `${JSON.stringify({ version: 1, servers })}\n`;
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  const file = await open(draft, 'w', 0o644);
  await file
    .writeFile(text)
    .then(() => file.sync())
    .finally(() => file.close());
  await rename(draft, path);
}
