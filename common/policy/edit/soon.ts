import { createThreadQueue } from '../../service/ask-thread.ts';
import type { Edited, ToEdit } from './edit-thread.ts';
import { giveAccess } from './give.ts';
import type { Grant } from './grant.ts';
import { EditRefused } from './refused.ts';
import { type Taken, takeAway } from './take.ts';

/** About 500 rules, which take 0.1 s. An edit of a longer text would hold up every request: 10,000 rules take seconds. */
const lettersAtOnce = 40_000;
const longestMilliseconds = 20_000;
const mostWaiting = 8;
const ask = createThreadQueue(
  {
    file: new URL('./edit-thread.ts', import.meta.url),
    longest: { milliseconds: longestMilliseconds, error: busy },
  },
  mostWaiting,
);

/** As {@link giveAccess}; a long text is edited on a thread of its own. */
export async function giveAccessSoon(text: string, grant: Grant): Promise<ReturnType<typeof giveAccess>> {
  if (text.length <= lettersAtOnce) return giveAccess(text, grant);
  return (await onThread({ text, give: grant })) as ReturnType<typeof giveAccess>;
}

/** As {@link takeAway}; a long text is edited on a thread of its own. */
export async function takeAwaySoon(text: string, taken: Taken): Promise<ReturnType<typeof takeAway>> {
  if (text.length <= lettersAtOnce) return takeAway(text, taken);
  return (await onThread({ text, take: taken })) as ReturnType<typeof takeAway>;
}

async function onThread(job: ToEdit) {
  const edited = await ask<Edited>(job);
  if ('refused' in edited) throw new EditRefused(edited.refused);
  return edited.result;
}

function busy(): EditRefused {
  return new EditRefused('The policy is too long to edit now. Try again in a moment.');
}
