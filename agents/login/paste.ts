import { createInterface } from 'node:readline';
import type { Context } from '../lib/context.ts';
import { callbackUrl } from './callback-server.ts';

/**
 * What somebody pasted, as the callback it stands for: the whole address, what stands behind its question mark, or the
 * code alone. A code alone has no state; that it is of this login then shows at the token endpoint, which wants the PKCE
 * verifier that only we have, and in the ID token's nonce.
 * @returns undefined for something else; `foreign` for the result of another login
 */
export function readPasted(text: string, state: string): URL | 'foreign' | undefined {
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

export interface Pasting {
  /** Comes with what was pasted; `undefined` when the input ends without it. */
  pasted: Promise<URL | undefined>;
  close(): void;
}

/** Reads lines of the terminal until one is the result of this login, and says what is wrong with the others. */
export function waitForPaste({ stdin }: Context, state: string, say: (text: string) => void): Pasting {
  const lines = createInterface({ input: stdin, terminal: false });
  const pasted = new Promise<URL | undefined>((resolve) => {
    lines.on('line', (line) => {
      const found = readPasted(line, state);
      if (found instanceof URL) return resolve(found);
      if (line.trim() === '') return;
      say(
        found === 'foreign'
          ? 'That is the result of another login. Open the address above, and paste where the browser ends.'
          : `That is not it: paste the whole address, which begins with ${callbackUrl}?`,
      );
    });
    lines.once('close', () => resolve(undefined));
  });
  return {
    pasted,
    close() {
      lines.close();
      stdin.pause();
      // A terminal that is still listened to would keep the command from ending.
      if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
    },
  };
}
