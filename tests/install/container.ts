import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a command in the container has printed, and its exit code. */
interface Said {
  code: number;
  text: string;
}

/** A clean container of a bare Debian with Node, without the checkout. */
export interface Container {
  /** Runs a shell command in the user's home. */
  run(command: string, user?: string): Said;
  /** Starts a shell command in the user's home, on a terminal of its own. What it shows goes to ~/up.log. */
  start(command: string, user?: string): void;
  /** Types into the terminal of the user's command, such as `\x03` for Ctrl-C. */
  type(keys: string, user?: string): void;
  /** Waits until the terminal shows the pattern. Throws if its command ends before. */
  untilShown(pattern: RegExp, user?: string): Promise<string>;
  /** Waits until no process of the gateway is left and the terminal is closed. */
  untilEnded(user?: string): Promise<void>;
  remove(): void;
}

/** @param file is put into the homes of root and of the user node */
export function startContainer(file: string): Container {
  const docker = (...words: string[]) =>
    execFileSync('docker', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 24 });
  const id = docker('run', '-d', '--init', 'node:26-bookworm-slim', 'sleep', '3600').trim();
  for (const home of ['/root', '/home/node']) docker('cp', file, `${id}:${home}/`);

  const run = (command: string, user = 'root'): Said => {
    const line = `cd && { ${command}\n} 2>&1; echo " code=$?"`;
    const said = docker('exec', '-u', user, id, 'sh', '-c', line);
    const [, text = '', code] = /^([\s\S]*) code=(\d+)\n$/.exec(said) ?? [];
    return { code: Number(code), text };
  };
  const log = (user: string) => run('cat up.log 2>/dev/null', user).text;
  /** util-linux's script gives the command a terminal, and writes a line at its end. */
  const isOver = (user: string) => log(user).includes('Script done on');
  const until = async (what: string, user: string, done: () => boolean) => {
    for (const end = Date.now() + 300_000; Date.now() < end; await sleep(500)) if (done()) return;
    throw new Error(`not within five minutes: ${what}\n${log(user)}`);
  };
  return {
    run,
    start(command, user = 'root') {
      run('rm -f up.log keys && mkfifo keys', user);
      docker(
        'exec',
        '-d',
        '-u',
        user,
        id,
        'sh',
        '-c',
        `cd && exec script --quiet --flush --command '${command}' up.log <> keys`,
      );
    },
    type: (keys, user = 'root') => {
      run(
        `printf '${keys.replace(/[^a-z]/g, (key) => `\\${key.charCodeAt(0).toString(8).padStart(3, '0')}`)}' > keys`,
        user,
      );
    },
    async untilShown(pattern, user = 'root') {
      await until(`the terminal shows ${pattern}`, user, () => pattern.test(log(user)) || isOver(user));
      const shown = log(user);
      if (!pattern.test(shown)) throw new Error(`the command has ended, and never showed ${pattern}:\n${shown}`);
      return shown;
    },
    async untilEnded(user = 'root') {
      await until('the command has ended', user, () => isOver(user));
      const running = run(
        'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -oE "nginx: [a-z]+|[a-z/-]+main.js|npm exe[c]" | sort -u; true',
      );
      if (running.text !== '') throw new Error(`still running:\n${running.text}`);
    },
    remove: () => docker('rm', '-f', id),
  };
}
