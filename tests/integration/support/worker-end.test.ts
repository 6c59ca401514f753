import { execFileSync } from 'node:child_process';

test('A worker that Jest ends while its browser waits for the signal too goes on with no test, and runs its exit listeners', () => {
  const program = `
    await import('./tests/support/jest/runtime.ts');
    process.on('SIGTERM', () => undefined);
    process.once('exit', () => console.log('cleaned up'));
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => console.log('the next test'), 500);`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toBe('cleaned up\n');
});
