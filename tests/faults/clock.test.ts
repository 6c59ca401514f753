import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fault, type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

/** Debian's faketime: the whole stack runs under it, and reads the clock's offset from a file. */
const library = globSync('/usr/lib/*/faketime/libfaketime.so.1')[0] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'clock-'));
const offset = join(folder, 'offset');
let stage: Stage;
beforeAll(async () => {
  if (!existsSync(library)) throw new Error('faketime is not installed: sh launch/setup faketime');
  writeFileSync(offset, '+0');
  stage = await startStage({
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: offset,
    FAKETIME_CACHE_DURATION: '1',
    // Leave monotonic clocks, which drive timers, alone: setting the system's time does not change them either.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
}, 120_000);
afterAll(async () => {
  await stage?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** faketime reads the file once a second in each process. Until then two processes may have different clocks. */
const noticedLater = ['401 identity_required', '403 ticket_invalid'];
const moved = (by: string): Pick<Fault, 'begin' | 'end'> => ({
  begin: () => writeFileSync(offset, by),
  end: () => writeFileSync(offset, '+0'),
});

test.each<Fault>([
  {
    what: 'the clock is 3 minutes fast',
    ...moved('+180'),
    lasts: 5_000,
    refusals: noticedLater,
    settles: 2.5,
    mayLose: ['open streams'],
    within: 4,
  },
  {
    what: 'the clock is 3 minutes slow',
    ...moved('-180'),
    lasts: 5_000,
    refusals: noticedLater,
    settles: 2.5,
    mayLose: ['open streams'],
    within: 4,
  },
  {
    what: 'the clock is 10 minutes slow',
    ...moved('-600'),
    lasts: 5_000,
    refusals: ['401 token_invalid', '401 session_invalid', '401 session_expired', '503 unavailable', ...noticedLater],
    mayLose: ['open streams'],
    within: 4,
  },
  {
    what: 'the clock is 2 hours fast',
    ...moved('+7200'),
    lasts: 5_000,
    refusals: ['401 token_expired', '401 session_idle', '401 session_ended', '503 groups_unconfirmed', ...noticedLater],
    mayLose: ['open streams'],
    within: 4,
  },
])('While $what, no unauthorized request is allowed', async (fault) => record(await stage.endure(fault)), 60_000);
