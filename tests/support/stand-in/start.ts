import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CognitoOptions, createCognito } from '../../../stand-in/app.ts';
import type { Control } from '../../../stand-in/control.ts';
import { loadKeys } from '../../../stand-in/pool/keys.ts';
import { readSeed, type Seed } from '../../../stand-in/pool/seed.ts';

/** A stand-in that listens in this process. */
export interface RunningCognito {
  /** Its base URL, `http://localhost:<port>`. */
  url: string;
  /** The `iss` of its tokens; looks like the real one unless the seed sets another. */
  issuer: string;
  control: Control;
  /** A fetch that reaches this pool at its issuer address, for discovery and JWKS. */
  fetch: typeof fetch;
  close(): Promise<void>;
}

let shipped: Seed | undefined;

/** Starts a stand-in for tests on a free port of 127.0.0.1. Defaults: stand-in/seed.yml, and new keys. */
export async function startCognito(
  given: Partial<Omit<CognitoOptions, 'publicUrl'>> & { port?: number } = {},
): Promise<RunningCognito> {
  const { port = 0, ...options } = given;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  shipped ??= readSeed('stand-in/seed.yml');
  const seed = options.seed ?? structuredClone(shipped);
  const { app, control } = createCognito({
    ...options,
    seed,
    keys: options.keys ?? (await loadKeys()),
    publicUrl: url,
  });
  server.on('request', app);
  return {
    url,
    issuer: control.issuer,
    control,
    fetch: (input, init) => fetch(localised(input, control.issuer, url), init),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function localised(input: Parameters<typeof fetch>[0], issuer: string, url: string): string {
  const asked = input instanceof Request ? input.url : String(input);
  const { origin } = new URL(issuer);
  return asked.startsWith(`${origin}/`) ? url + asked.slice(origin.length) : asked;
}
