import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../agents/program.ts';
import { registeredServerNames } from '../../../common/settings/bundled-servers.ts';
import { answerClient } from '../gateway/consent.ts';
import { until } from '../listen.ts';
import { bareEnvironment } from '../process.ts';

const program = join(import.meta.dirname, '../../../agents/main.ts');
const folder = join(import.meta.dirname, '../../../agents');

/** A running command. */
export interface Running {
  out(): string;
  err(): string;
  /** Waits until stderr contains this. */
  said(text: string | RegExp): Promise<string>;
  /** Types a line. */
  type(line: string): void;
  /** Ends the input. */
  closeInput(): void;
  /** Presses Ctrl-C. */
  interrupt(): void;
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
  /** Starts a command in this process, with its own streams. */
  start(words: readonly string[], env?: NodeJS.ProcessEnv): Running;
  run(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Starts a command as its own process: to test signals, and locks between processes. */
  spawn(words: readonly string[], env?: NodeJS.ProcessEnv): Running;
  /** Writes a settings file. @returns its path */
  file(name: string, text: string): string;
  /** Logs a person in by pasting the callback. */
  logIn(person: string, words?: readonly string[]): Promise<Ended>;
  /** Waits until the registry has checked every server, and finds the bundled ones healthy. */
  allChecked(env?: NodeJS.ProcessEnv): Promise<void>;
  remove(): void;
}

/**
 * @param env the addresses of the gateway and the stand-in: REGISTRY_URL, COGNITO_LOCAL_ENDPOINT
 */
export function newDesk(env: NodeJS.ProcessEnv): Desk {
  const home = mkdtempSync(join(tmpdir(), 'desk-'));
  const base = { ...bareEnvironment(), HOME: home, TZ: 'UTC', ...env };
  const running = new Set<() => void>();
  const start: Desk['start'] = (words, more = {}) => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const stop = new AbortController();
    running.add(() => stop.abort());
    const context = { env: { ...base, ...more }, folder, home, stdin, stdout, stderr, signal: stop.signal };
    const code = run(words, context).finally(() => {
      stdout.end();
      stderr.end();
    });
    const closed = Promise.all([code, finished(stdout), finished(stderr)]);
    return watch(
      { stdin, stdout, stderr },
      closed.then(([exitCode]) => exitCode),
      () => stop.abort(),
    );
  };
  const desk: Desk = {
    home,
    cookieFile: join(home, '.mcp', 'session_cookie'),
    start,
    spawn(words, more = {}) {
      const child = spawn(process.execPath, [program, ...words], { env: { ...base, ...more }, cwd: home });
      running.add(() => child.kill('SIGKILL'));
      return watch(
        child,
        once(child, 'close').then(([code]) => code as number | null),
        () => child.kill('SIGINT'),
      );
    },
    async run(words, more) {
      const { closeInput, ended } = start(words, more);
      closeInput();
      return ended;
    },
    file(name, text) {
      const path = join(home, name);
      writeFileSync(path, text);
      return path;
    },
    async logIn(person, words = []) {
      const login = start(['login', '--no-browser', ...words]);
      const address = await Promise.race([
        shownAddress(login),
        login.ended.then(({ err }) => Promise.reject(new Error(err))),
      ]);
      login.type(await signInAs(person, address));
      return login.ended;
    },
    async allChecked(more) {
      for (const end = performance.now() + 120_000; performance.now() < end; await sleep(100)) {
        const { code, out } = await desk.run(['servers', '--json'], more);
        const healthy = out.match(/"status":"healthy"/g) ?? [];
        if (code === 0 && !out.includes('"status":"unknown"') && healthy.length >= registeredServerNames.length) return;
      }
      throw new Error('the bundled servers are not healthy after two minutes');
    },
    remove() {
      for (const end of running) end();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return desk;
}

interface Streams {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
}

function watch({ stdin, stdout, stderr }: Streams, code: Promise<number | null>, interrupt: () => void): Running {
  const texts = { out: '', err: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text;
  });
  return {
    out: () => texts.out,
    err: () => texts.err,
    async said(text) {
      for (let tries = 0; tries < 5_000; tries++) {
        const found = typeof text === 'string' ? texts.err.includes(text) && text : text.exec(texts.err)?.[0];
        if (found) return found;
        await sleep(10);
      }
      throw new Error(`stderr never contained ${text}:\n${texts.err}`);
    },
    type: (line) => void stdin.write(`${line}\n`),
    closeInput: () => void stdin.end(),
    interrupt,
    ended: code.then((given) => ({ code: given, ...texts })),
  };
}

/** The address that a login shows. */
export function shownAddress({ said }: Running): Promise<string> {
  return said(/http\S+\/oauth2\/authorize\S+(?=\n)/);
}

/** Signs in and answers the question. @returns the callback address */
export async function signInAs(person: string, address: string, answer: 'allow' | 'deny' = 'allow'): Promise<string> {
  return (await answerClient(new URL(address).origin, address, person, answer)).href;
}

/** A BROWSER that records the address that it should open. The `open` package reads the environment of this process. */
export function recordingBrowser(desk: Desk): { env: NodeJS.ProcessEnv; address: () => Promise<string> } {
  const log = join(desk.home, 'browser.log');
  const script = desk.file('browser', `#!/bin/sh\nprintf '%s' "$1" > ${log}.part && mv ${log}.part ${log}\n`);
  chmodSync(script, 0o700);
  process.env.BROWSER = script;
  return {
    env: { BROWSER: script },
    async address() {
      await until(() => existsSync(log), 60_000);
      return readFileSync(log, 'utf8');
    },
  };
}
