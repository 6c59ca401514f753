import { interval } from '../../../common/time/interval.ts';

/** Work that is repeated in the background. */
export interface Job {
  milliseconds: number;
  work: () => Promise<void>;
  failed: (error: unknown) => void;
  /** Whether it also runs at once, without being waited for. */
  atOnce?: boolean;
}

/** Starts jobs. @returns stops them, and waits for what is going on */
export function startJobs(jobs: readonly Job[]): () => Promise<void> {
  const running = new Set<Promise<void>>();
  const timers = jobs.map(({ milliseconds, work, failed, atOnce = false }) => {
    const tracked = () => {
      const run = work();
      running.add(run);
      const done = () => void running.delete(run);
      run.then(done, done);
      return run;
    };
    return interval(milliseconds, tracked, failed, { atOnce });
  });
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.allSettled(running);
  };
}
