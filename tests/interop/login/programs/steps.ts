// What each program does: it connects, logs in on the way, and then answers the lines of standard input.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

export const url: string = process.argv[2] ?? '';
const say = (answer: object) => console.log(JSON.stringify(answer));

interface Connected {
  list(): Promise<{ tools: { name: string }[] }>;
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
}

/** Answers `{"op":"tools"}` and `{"op":"call","name":…,"arguments":…}` with `{"ok":…}` or `{"error":…}`. */
export async function serve(connect: () => Promise<Connected>): Promise<void> {
  const message = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  try {
    const client = await connect();
    say({ ok: 'connected' });
    for await (const line of createInterface({ input: process.stdin })) {
      const { op, name, arguments: args } = JSON.parse(line) as { op: string; name: string; arguments: object };
      try {
        if (op === 'tools') say({ ok: (await client.list()).tools.map((tool) => tool.name) });
        else say({ ok: JSON.stringify(await client.call(name, { ...args })) });
      } catch (error) {
        say({ error: message(error) });
      }
    }
  } catch (error) {
    say({ error: message(error) });
  }
  process.exit();
}

/** Waits at a loopback address for the browser to come back. */
export async function callback() {
  const received = Promise.withResolvers<URL>();
  const server = createServer((req, res) => {
    res.end('You may close this window.');
    received.resolve(new URL(req.url ?? '', redirectUrl));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const redirectUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  return { redirectUrl, received: received.promise };
}

export function openBrowser(at: URL): void {
  spawn(process.env.BROWSER ?? 'xdg-open', [at.href], { stdio: 'ignore' });
}

/** What both SDKs keep for a client, in memory. */
export function provider(redirectUrl: string) {
  const kept: Record<string, unknown> = {};
  const keep = (name: string) => (value: unknown) => {
    kept[name] = value;
  };
  return {
    redirectUrl,
    clientMetadata: {
      client_name: 'A client of the tests',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => 'a state of this client',
    clientInformation: () => kept.client as never,
    saveClientInformation: keep('client'),
    tokens: () => kept.tokens as never,
    saveTokens: keep('tokens'),
    codeVerifier: () => String(kept.verifier),
    saveCodeVerifier: keep('verifier'),
    discoveryState: () => kept.discovery as never,
    saveDiscoveryState: keep('discovery'),
    redirectToAuthorization: openBrowser,
    invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery') {
      for (const name of scope === 'all' ? Object.keys(kept) : [scope]) delete kept[name];
    },
  };
}
