import { createServer } from 'node:http';
import { createCognito } from '../../../stand-in/app.ts';
import type { Control } from '../../../stand-in/control.ts';
import { loadKeys } from '../../../stand-in/pool/keys.ts';
import { addGateways, readSeed } from '../../../stand-in/pool/seed.ts';
import type { Gateway } from './gateway.ts';

/** A gateway's user pool in the test's own process. */
export interface OwnPool {
  /** Changes its users, and injects faults. */
  control: Control;
  /** Makes it answer again. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Replaces a gateway's user pool, with the same keys. The new pool does not know earlier sessions. */
export async function takeOverPool(gateway: Gateway): Promise<OwnPool> {
  await gateway.kill('cognito');
  const { cognito: port } = gateway.ports;
  const { app, control } = createCognito({
    seed: addGateways(readSeed('stand-in/seed.yml'), [gateway.url]),
    keys: await loadKeys(`${gateway.dataDir}/cognito-keys.json`),
    publicUrl: `http://localhost:${port}`,
  });
  const server = createServer(app);
  const open = () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await open();
  return {
    control,
    open,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
