import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longest path of a socket (unix(7)), with some room. */
const longestPath = 100;

/**
 * Where nginx asks the auth-server on this machine. It is in a folder for temporary files: nginx's processes may run as a user who
 * may not enter the data folder, and a path there may be too long.
 * @param port the auth-server's, by which gateways on one machine differ
 * @returns undefined if another user could put a socket there: then nginx asks at the port
 */
export function gateSocket(port: number, temporary = tmpdir()): string | undefined {
  const user = process.getuid?.();
  const folder = join(temporary, `mcp-gateway-${user}-${port}`);
  const path = join(folder, 'auth-server.sock');
  // nginx reads a semicolon, a brace, a quote, a colon or white space as its own.
  if (user === undefined || path.length > longestPath || !/^[A-Za-z0-9/._-]+$/.test(path)) return undefined;
  try {
    mkdirSync(folder, { recursive: true });
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== user) return undefined;
    chmodSync(folder, 0o755);
    return path;
  } catch {
    return undefined;
  }
}
