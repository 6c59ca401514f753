import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { finishedPage, pageHeaders } from './finished-page.ts';

const path = '/callback';
/** A machine has one of them. Never `localhost`: it may lead to the program of another address (RFC 8252 section 8.3). */
const addresses = ['127.0.0.1', '::1'];
const longestWaitForPage = 2_000;

/** A browser that returned from the login and waits for its page. */
export interface Returned {
  /** The callback URL with the answer's parameters. */
  url: URL;
  /** Shows the last page. */
  finish(outcome: { title: string; text: string; failed: boolean }): Promise<void>;
}

export type CallbackServer = Awaited<ReturnType<typeof openCallback>>;

/**
 * Listens for the browser on a free port of this machine (RFC 8252 section 7.3).
 * @param state the state of this login; callbacks with another state belong to other logins
 * @param stray called for a browser with another state
 * @throws {CommandError} failed: nothing can listen here
 */
export async function openCallback(state: string, stray: () => void) {
  const { promise, resolve } = Promise.withResolvers<Returned>();
  let taken = false;
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    const url = callbackOf(req, redirectUri);
    if (!url) return show(res, 404, { title: 'Page not found', text: 'This address only receives logins.' });
    if (taken || url.searchParams.get('state') !== state) {
      stray();
      const text = 'This login was started elsewhere or is already complete. Open the address that the terminal shows.';
      return show(res, 400, { title: 'Unexpected login', text });
    }
    taken = true;
    resolve({
      url,
      async finish({ title, text, failed }) {
        const sent = Promise.race([once(res, 'close'), new Promise((r) => setTimeout(r, longestWaitForPage).unref())]);
        show(res, failed ? 400 : 200, { title, text });
        await sent;
      },
    });
  };
  const { server, redirectUri } = await listen(answer);
  return {
    /** The address of this callback, with its port. */
    redirectUri,
    /** Resolves when a browser returns with this login's `state`. Others get an error page. */
    returned: promise,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(answer: (req: IncomingMessage, res: ServerResponse) => void) {
  let cause: unknown;
  for (const host of addresses) {
    const server: Server = createServer(answer).listen({ port: 0, host });
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      return { server, redirectUri: `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}` };
    } catch (error) {
      cause ??= error;
    }
  }
  const { code } = cause as NodeJS.ErrnoException;
  throw new CommandError(exitCodes.failed, `No program can listen at ${addresses[0]} (${code}).`, { cause });
}

/** Of another host it is a page that has found the port by its own name (DNS rebinding). */
function callbackOf({ method, url, headers }: IncomingMessage, redirectUri: string): URL | undefined {
  const callback = new URL(redirectUri);
  const asked = URL.parse(url ?? '', callback);
  if (method !== 'GET' || headers.host !== callback.host || asked?.pathname !== path) return undefined;
  callback.search = asked.search;
  return callback;
}

function show(res: ServerResponse, status: number, page: { title: string; text: string }): void {
  res.writeHead(status, { ...pageHeaders, Connection: 'close' }).end(finishedPage(page));
}
