// Loaded into a service before its own modules: tells its parent how long its event loop has stood still at most since it was
// last asked, in milliseconds.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const resolution = 1;
if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  process.on('message', () => {
    process.send?.(Math.max(0, delay.max / 1e6 - resolution));
    delay.reset();
  });
  process.channel?.unref();
}
