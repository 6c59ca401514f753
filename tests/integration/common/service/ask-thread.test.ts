import { execFileSync } from 'node:child_process';

test('A thread keeps to its limit of memory in a process with a larger limit, which it does not change', () => {
  const code = `
    import { getHeapStatistics } from 'node:v8';
    import { askThread } from './common/service/ask-thread.ts';
    const before = getHeapStatistics().heap_size_limit;
    const file = new URL('data:text/javascript,const all = []; for (;;) all.push({ all: [all.length] })');
    const asked = askThread({ file, resourceLimits: { maxOldGenerationSizeMb: 32 } }, undefined);
    const running = setInterval(() => undefined, 1000);
    const { code } = await asked.catch((error) => error);
    clearInterval(running);
    console.log(code, getHeapStatistics().heap_size_limit === before, process.memoryUsage().rss < 400e6);`;
  const flags = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=1024', '--input-type=module', '-e'];
  const printed = execFileSync(process.execPath, [...flags, code], { encoding: 'utf8', timeout: 60_000 });
  expect(printed).toBe('ERR_WORKER_OUT_OF_MEMORY true true\n');
});
