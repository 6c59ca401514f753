import { createInterface } from 'node:readline';
import type { Context } from '../lib/context.ts';

/**
 * Reads pasted text as a callback: the whole address, its query, or the code alone. A code alone has no state; the PKCE
 * verifier then ties it to this login.
 * @returns undefined for other text; `foreign` for the callback of another login
 */
function readPasted(text: string, state: string, callbackUrl: string): URL | 'foreign' | undefined {
  const pasted = text.trim().replace(/^["'<]|["'>]$/g, '');
  const callback = new URL(callbackUrl);
  if (/^[\w.~+/-]{8,2000}=*$/.test(pasted)) {
    callback.search = new URLSearchParams({ code: pasted, state }).toString();
    return callback;
  }
  const url = URL.parse(pasted) ?? URL.parse(`${callbackUrl}?${pasted.replace(/^\?/, '')}`);
  const isCallback = url?.origin === callback.origin && url.pathname === callback.pathname;
  if (!isCallback || !(url.searchParams.has('code') || url.searchParams.has('error'))) return undefined;
  if (url.searchParams.get('state') !== state) return 'foreign';
  callback.search = url.search;
  return callback;
}

export type Pasting = ReturnType<typeof waitForPaste>;

/**
 * Reads lines until one is the callback of this login, and explains what is wrong with the others.
 * @param callbackUrl the address of the callback, without parameters
 */
export function waitForPaste({ stdin }: Context, state: string, callbackUrl: string, say: (text: string) => void) {
  const lines = createInterface({ input: stdin, terminal: false });
  const pasted = new Promise<URL | undefined>((resolve) => {
    lines.on('line', (line) => {
      const found = readPasted(line, state, callbackUrl);
      if (found instanceof URL) return resolve(found);
      if (line.trim() === '') return;
      say(
        found === 'foreign'
          ? 'That is the result of another login. Open the address above and paste the one that the browser ends at.'
          : `That is not the address. Paste the whole one, which begins with ${callbackUrl}?`,
      );
    });
    lines.once('close', () => resolve(undefined));
  });
  return {
    /** Resolves with the pasted callback; `undefined` if the input ends without one. */
    pasted,
    close() {
      lines.close();
      stdin.pause();
      // An open stdin would keep the process alive.
      if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
    },
  };
}
