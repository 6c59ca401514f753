import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nginxServices, writeNginxFiles } from '../../../launch/nginx-files.ts';
import { Supervisor } from '../../../launch/supervisor.ts';
import { freePorts, type Gateway } from '../../support/gateway/gateway.ts';

/** A second, weakened nginx in front of a running gateway's services. */
export interface Weakened {
  url: string;
  stop(): Promise<void>;
}

/** The weakness: another auth-server, or text removed from a file of nginx/gate. */
export interface Weakness {
  authServer?: number;
  cut?: { file: string; text: string };
}

/** Starts a weakened copy of the nginx configuration on a free port. */
export async function weaken(gateway: Gateway, { authServer, cut }: Weakness): Promise<Weakened> {
  const [port = 0, brokerGate = 0] = await freePorts(2);
  const dataDir = mkdtempSync(join(tmpdir(), 'weakened-'));
  const own = { gateway: port, brokerGate, authServer: authServer ?? gateway.ports.authServer };
  const ports = { ...gateway.ports, ...own };
  const publicUrl = `http://localhost:${port}`;
  const env = { MAX_BODY_BYTES: '1048576', CONNECTIONS_PER_ADDRESS: '0' };
  const folder = writeNginxFiles({ ports, dataDir, env }, publicUrl);
  copyFileSync(join(gateway.dataDir, 'nginx', 'routes'), join(folder, 'routes'));
  if (cut) {
    const file = join(folder, 'gate', cut.file);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(cut.text)) throw new Error(`nginx/gate/${cut.file} has no ${cut.text}`);
    writeFileSync(file, text.replace(cut.text, ''));
  }

  const supervisor = new Supervisor(() => {});
  const { nginx, reload } = nginxServices(folder, ports);
  execFileSync(reload.command, ['build'], {
    env: { ...process.env, ...reload.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  supervisor.start(nginx);
  const stop = async () => {
    await supervisor.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await supervisor.healthy(nginx);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: publicUrl, stop };
}

/** A service that answers every request the same way. */
export async function startBlind(listener: RequestListener): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((req, res) => {
    listener(req, res);
    req.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
