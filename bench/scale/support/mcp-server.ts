// The MCP server of the bench in a process of its own, whose CPU counts for nothing. Prints its origin, and exits when its input ends.
import { startServer } from '../../calls/server.ts';

const { origin } = await startServer();
console.log(origin);
process.stdin.resume().once('end', () => process.exit(0));
