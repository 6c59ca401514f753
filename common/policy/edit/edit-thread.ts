import { parentPort, workerData } from 'node:worker_threads';
import { giveAccess } from './give.ts';
import type { Grant } from './grant.ts';
import { EditRefused } from './refused.ts';
import { type Taken, takeAway } from './take.ts';

/** What the thread is given: a text, and what to give or take. */
export type ToEdit = { text: string; give: Grant } | { text: string; take: Taken };

/** What it answers: the result of the edit, or why it was refused. */
export type Edited = { result: ReturnType<typeof giveAccess> | ReturnType<typeof takeAway> } | { refused: string };

parentPort?.postMessage(answerTo(workerData as ToEdit));

function answerTo(asked: ToEdit): Edited {
  try {
    return { result: 'give' in asked ? giveAccess(asked.text, asked.give) : takeAway(asked.text, asked.take) };
  } catch (error) {
    if (error instanceof EditRefused) return { refused: error.message };
    throw error;
  }
}
