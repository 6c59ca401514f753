import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { finishedPage, pageHeaders } from './finished-page.ts';

/** The callback registered with the app client. Cognito compares it exactly, so the port is fixed. */
export const callbackUrl = 'http://localhost:9090/callback';
const port = 9090;
/** A browser may use either address for localhost. */
const addresses = ['127.0.0.1', '::1'];
const longestWaitForPage = 2_000;

/** A browser that returned from the login and waits for its page. */
export interface Returned {
  /** The callback URL with Cognito's parameters. */
  url: URL;
  /** Shows the last page. */
  finish(outcome: { title: string; text: string; failed: boolean }): Promise<void>;
}

export type CallbackServer = Awaited<ReturnType<typeof openCallback>>;

/**
 * Listens for the browser at `http://localhost:9090/callback`, on this machine only.
 * @param state the state of this login; callbacks with another state belong to other logins
 * @param stray called for a browser with another state
 * @throws {CommandError} failed: the port is taken
 */
export async function openCallback(state: string, stray: () => void) {
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
  try {
    for (const address of addresses) servers.push(...(await listen(address, answer)));
  } catch (error) {
    close();
    throw error;
  }
  /** `returned` resolves when a browser returns with this login's `state`. Others get an error page. */
  return { returned: promise, close };
}

async function listen(address: string, answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<Server[]> {
  const server = createServer(answer).listen({ port, host: address, ipv6Only: address.includes(':') });
  try {
    await once(server, 'listening');
    return [server];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The machine has no IPv6.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [];
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${code})`;
    throw new CommandError(exitCodes.failed, `Port ${port} ${why}; the login returns there.`, {
      reason: 'port_taken',
      hints: [
        `Find the program: ss -ltnp 'sport = :${port}' (or lsof -i :${port}). Stop it and try again:`,
        `Cognito compares ${callbackUrl} exactly, so the port cannot change.`,
        'Or log in without the port: mcp-gateway login --no-browser, and paste the address that the browser ends at.',
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
