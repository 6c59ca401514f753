import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { finishedPage, pageHeaders } from './finished-page.ts';

/** Registered with the app client, letter by letter; so the port cannot be another one. */
export const callbackUrl = 'http://localhost:9090/callback';
const port = 9090;
/** A browser takes whichever of the two its resolver names first. */
const addresses = ['127.0.0.1', '::1'];
const longestWaitForPage = 2_000;

/** The browser that has come back with a result, and waits for its page. */
export interface Returned {
  /** The callback with what Cognito put behind it. */
  url: URL;
  /** Shows the last page. */
  finish(outcome: { title: string; text: string; failed: boolean }): Promise<void>;
}

export interface CallbackServer {
  /** Comes when a browser has come back with this login's `state`; others get a page that says so. */
  returned: Promise<Returned>;
  close(): void;
}

/**
 * Waits for the browser at `http://localhost:9090/callback`, on this machine only.
 * @param state of this login; what comes with another one is not its result
 * @param stray told of a browser that came with another state
 * @throws {CommandError} failed: the port is taken
 */
export async function openCallback(state: string, stray: () => void): Promise<CallbackServer> {
  const { promise, resolve } = Promise.withResolvers<Returned>();
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  let taken = false;
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    const url = callbackOf(req);
    if (!url) return show(res, 404, { title: 'There is nothing here', text: 'This address only waits for a login.' });
    if (taken || url.searchParams.get('state') !== state) {
      stray();
      const text =
        'It was begun elsewhere, or is finished already. Go back to the terminal, and open the address that it shows.';
      return show(res, 400, { title: 'Not the login that was waited for', text });
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
  try {
    for (const address of addresses) servers.push(...(await listen(address, answer)));
  } catch (error) {
    close();
    throw error;
  }
  return { returned: promise, close };
}

async function listen(address: string, answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<Server[]> {
  const server = createServer(answer).listen({ port, host: address, ipv6Only: address.includes(':') });
  try {
    await once(server, 'listening');
    return [server];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A machine without IPv6.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [];
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${code})`;
    throw new CommandError(exitCodes.failed, `Port ${port} ${why}; the login comes back there.`, {
      reason: 'port_taken',
      hints: [
        `Which program it is: ss -ltnp 'sport = :${port}' (or lsof -i :${port}). Stop it and try again:`,
        `Cognito compares ${callbackUrl} letter by letter, so it cannot be another port.`,
        'Or log in without it: mcp-gateway login --no-browser, and paste the address that the browser ends at.',
      ],
      cause: error,
    });
  }
}

function callbackOf({ method, url, headers }: IncomingMessage): URL | undefined {
  const asked = URL.parse(url ?? '', callbackUrl);
  const here = /^(localhost|127\.0\.0\.1|\[::1\]):9090$/.test(headers.host ?? '');
  if (method !== 'GET' || !here || asked?.pathname !== '/callback') return undefined;
  const callback = new URL(callbackUrl);
  callback.search = asked.search;
  return callback;
}

function show(res: ServerResponse, status: number, page: { title: string; text: string }): void {
  res.writeHead(status, { ...pageHeaders, Connection: 'close' }).end(finishedPage(page));
}
