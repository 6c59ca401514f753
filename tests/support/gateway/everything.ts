import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Supervisor } from '../../../launch/supervisor.ts';
import { freePorts } from './gateway.ts';

const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

/** The reference server of the MCP project, which uses SDK v1 and keeps sessions, as a separate process. */
export interface Everything {
  url: string;
  stop(): Promise<void>;
}

/** Starts it. Its SSE transport announces `/message`, where others have `/messages`. */
export async function startEverything(transport: 'streamableHttp' | 'sse'): Promise<Everything> {
  const [port = 0] = await freePorts(1);
  const lines: string[] = [];
  const supervisor = new Supervisor((_service, line) => lines.push(line));
  const url = `http://127.0.0.1:${port}`;
  supervisor.start({
    name: 'everything',
    command: process.execPath,
    args: [program, transport],
    env: { PORT: String(port) },
    port,
    healthUrl: url,
  });
  const until = Date.now() + 60_000;
  while (!(await listens(port))) {
    if (Date.now() > until || !supervisor.pid('everything')) throw new Error(`it does not start:\n${lines.join('\n')}`);
    await sleep(50);
  }
  return { url, stop: () => supervisor.stop() };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
