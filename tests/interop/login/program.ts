import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Home } from './here.ts';
import type { LoggedIn } from './login-set-up.ts';

const longestMilliseconds = 90_000;

/** Starts a program of `programs/`, which logs in, and returns when it has. */
export async function runProgram([file = '', ...args]: readonly string[], home: Home): Promise<LoggedIn> {
  const child = spawn(file, args, { env: home.env, cwd: home.folder, stdio: 'pipe', detached: true });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes).slice(-2_000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const tooLong = Promise.withResolvers<never>();
    const timer = setTimeout(() => tooLong.reject(new Error(`no answer; ${said}`)), longestMilliseconds);
    try {
      for (;;) {
        const { value, done } = await Promise.race([lines.next(), tooLong.promise]);
        if (done) throw new Error(`it ended; ${said}`);
        if (!value.startsWith('{')) continue;
        const { ok, error } = JSON.parse(value) as { ok?: unknown; error?: string };
        if (error !== undefined) throw new Error(error);
        return ok;
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const ask = (question: object) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return answer();
  };
  const stop = () => {
    // With the bridge that it has started.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  await answer().catch((error: unknown) => {
    stop();
    throw error;
  });
  return {
    tools: async () => (await ask({ op: 'tools' })) as string[],
    call: async (name, given) => String(await ask({ op: 'call', name, arguments: given })),
    stop,
  };
}
