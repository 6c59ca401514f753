import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { run as runProgram } from '../../../agents/program.ts';
import { withLock } from '../../../agents/token/lock.ts';
import { locationOf, newBrowser, submitSignIn } from '../stand-in/hosted-login.ts';

const folder = join(import.meta.dirname, '../../../agents');

/** A running command. */
export interface Running {
  child: ChildProcess;
  out(): string;
  err(): string;
  /** Waits until stderr contains this. */
  said(text: string | RegExp): Promise<string>;
  /** Types a line. */
  type(line: string): void;
  ended: Promise<Ended>;
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** A user's home and terminal, with the settings of one gateway. */
export interface Desk {
  home: string;
  /** The session file. */
  cookieFile: string;
  /** Starts the command as its own process. */
  start(words: readonly string[], env?: NodeJS.ProcessEnv): Running;
  /** Runs the command in this process, with an empty stdin and no terminal. */
  run(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Writes a settings file. @returns its path */
  file(name: string, text: string): string;
  /** Logs a person in by pasting the callback. */
  logIn(person: string, words?: readonly string[]): Promise<Ended>;
  remove(): void;
}

/**
 * @param env the way to the gateway and the stand-in: REGISTRY_URL, COGNITO_LOCAL_ENDPOINT
 */
export function newDesk(env: NodeJS.ProcessEnv): Desk {
  const home = mkdtempSync(join(tmpdir(), 'desk-'));
  const base = {
    PATH: process.env.PATH,
    HOME: home,
    NODE_COMPILE_CACHE: join(tmpdir(), 'desk-compile-cache'),
    TZ: 'UTC',
    ...env,
  };
  const running = new Set<ChildProcess>();
  const start: Desk['start'] = (words, more = {}) => {
    const child = spawn(process.execPath, [join(folder, 'main.ts'), ...words], {
      env: { ...base, ...more },
      cwd: home,
    });
    running.add(child);
    return watch(child);
  };
  const desk: Desk = {
    home,
    cookieFile: join(home, '.mcp', 'session_cookie'),
    start,
    async run(words, more = {}) {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const texts = Promise.all([text(stdout), text(stderr)]);
      const stdin = new PassThrough().end();
      const { signal } = new AbortController();
      const code = await runProgram(words, { env: { ...base, ...more }, folder, home, stdin, stdout, stderr, signal });
      stdout.end();
      stderr.end();
      const [out, err] = await texts;
      return { code, out, err };
    },
    file(name, content) {
      const path = join(home, name);
      writeFileSync(path, content);
      return path;
    },
    logIn: (person, words = []) =>
      withLoginPort(async () => {
        const login = start(['login', '--no-browser', ...words]);
        const address = await Promise.race([
          shownAddress(login),
          login.ended.then(({ err }) => Promise.reject(new Error(err))),
        ]);
        login.type(await signInAs(person, address));
        return login.ended;
      }),
    remove() {
      for (const child of running) child.kill('SIGKILL');
      rmSync(home, { recursive: true, force: true });
    },
  };
  return desk;
}

function watch(child: ChildProcess): Running {
  const texts = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text;
  });
  return {
    child,
    out: () => texts.out,
    err: () => texts.err,
    async said(text) {
      for (let tries = 0; tries < 2_000; tries++) {
        const found = typeof text === 'string' ? texts.err.includes(text) && text : text.exec(texts.err)?.[0];
        if (found) return found;
        await sleep(25);
      }
      throw new Error(`stderr never contained ${text}:\n${texts.err}`);
    },
    type: (line) => void child.stdin?.write(`${line}\n`),
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts })),
  };
}

/** The address that a login shows. */
export function shownAddress({ said }: Running): Promise<string> {
  return said(/http\S+\/oauth2\/authorize\S+(?=\n)/);
}

/** Signs in at the user pool. @returns the callback address */
export async function signInAs(person: string, address: string): Promise<string> {
  const back = await submitSignIn(newBrowser(), address, person);
  return locationOf(back).href;
}

/** Runs one login at a time, across test files, because all use port 9090. */
export function withLoginPort<T>(work: () => Promise<T>): Promise<T> {
  return withLock(join(tmpdir(), 'mcp-gateway-tests-port-9090'), work);
}

/** A BROWSER that records the address that it should open. */
export function recordingBrowser(desk: Desk): { env: NodeJS.ProcessEnv; address: () => Promise<string> } {
  const log = join(desk.home, 'browser.log');
  const script = desk.file('browser', `#!/bin/sh\nprintf '%s' "$1" > ${log}.part && mv ${log}.part ${log}\n`);
  chmodSync(script, 0o700);
  return {
    env: { BROWSER: script },
    async address() {
      for (let tries = 0; tries < 2_000 && !existsSync(log); tries++) await sleep(25);
      return readFileSync(log, 'utf8');
    },
  };
}
