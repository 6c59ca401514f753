import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../gateway/gateway.ts';
import { type Desk, signInAs } from './agents-fixture.ts';

const program = join(import.meta.dirname, '../../../agents/main.ts');

/** Runs command lines of the documentation on a terminal of 100 columns. */
export interface Booth {
  /** Returns the terminal's output of a command line. */
  capture(line: string, person?: string): Promise<string>;
}

/** @param desk provides the home; `mcp-gateway` is in the PATH */
export function newBooth(desk: Desk, gateway: Gateway): Booth {
  const bin = join(desk.home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'mcp-gateway'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(join(bin, 'mcp-gateway'), 0o700);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: desk.home,
    TERM: 'xterm',
    NO_COLOR: '1',
    TZ: 'UTC',
    SHELL: '/bin/sh',
    REGISTRY_URL: gateway.url,
    COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}`,
  };
  const capture: Booth['capture'] = async (line, person) => {
    const words = ['-qec', `stty cols 100 rows 50; ${line}`, '/dev/null'];
    const child = spawn('script', words, { env, cwd: desk.home });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    const ended = once(child, 'close');
    if (person !== undefined)
      await paste(
        person,
        () => shown,
        (text) => child.stdin.write(text),
      );
    await ended;
    return asInDocs(shown, gateway, desk);
  };
  return { capture };
}

async function paste(person: string, shown: () => string, type: (text: string) => unknown): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    const address = /http\S+\/oauth2\/authorize\S+(?=\r?\n)/.exec(shown())?.[0];
    if (address && shown().includes('press Enter')) return void type(`${await signInAs(person, address)}\n`);
    await sleep(25);
  }
}

/** Replaces values that differ from run to run by those in the documentation. */
function asInDocs(shown: string, { url, ports }: Gateway, { home }: Desk): string {
  return overwritten(shown)
    .replaceAll(url, 'http://localhost:8080')
    .replaceAll(encodeURIComponent(url), encodeURIComponent('http://localhost:8080'))
    .replaceAll(new RegExp(`(localhost|127\\.0\\.0\\.1):${ports.cognito}`, 'g'), '$1:9500')
    .replaceAll(home, '~')
    .replace(/((?:code|state|code_challenge|iss)=)[\w%.-]{20,}/g, '$1…')
    .replace(/(127\.0\.0\.1(?::|%3A))\d+/g, (_, host) => `${host}50123`)
    .replace(/\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b/g, 'KXTQ-RWMB')
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"2026-11-23T18:00:00.000Z"')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '2026-11-23 18:00:00')
    .replace(/^\w+day, \d+ \w+ \d{4}, \d\d:\d\d:\d\d JST/gm, 'Monday, 23 November 2026, 19:00:00 JST')
    .replace(/good for \d+ s/g, 'good for 3600 s')
    .replace(/\b\d+ ms\b/g, '12 ms')
    .replace(/[ \t]+$/gm, '')
    .trimEnd();
}

/** Applies carriage returns, so that progress lines disappear. */
function overwritten(shown: string): string {
  const left = (line: string) => line.split('\r').reduce((before, part) => part + before.slice(part.length));
  return shown
    .split('\n')
    .map((line) => left(line.replace(/\r+$/, '')))
    .join('\n');
}
