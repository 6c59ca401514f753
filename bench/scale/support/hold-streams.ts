// Opens streams and keeps them open: for each line `COUNT` of its input as many more, then prints a line. Exits when its input ends.
//
//   AUTHORIZATION='Bearer …' node hold-streams.ts PORT
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const atOnce = 50;
const [port = 0] = process.argv.slice(2).map(Number);
const request = [
  'GET /bench/mcp HTTP/1.1',
  `Host: localhost:${port}`,
  'Accept: text/event-stream',
  `Authorization: ${process.env.AUTHORIZATION}`,
  '\r\n',
].join('\r\n');

/** Resolves when the stream is open. */
function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('data', (bytes) => {
      const text = String(bytes);
      if (!text.startsWith('HTTP/1.1 200 ')) return reject(new Error(`a stream was answered ${text.slice(0, 300)}`));
      socket.resume();
      resolve();
    });
    socket.on('error', reject);
    socket.once('close', () => fail(new Error('a stream has ended')));
  });
}

function fail(error: unknown): void {
  console.error(String(error));
  process.exit(1);
}

for await (const line of createInterface({ input: process.stdin })) {
  let left = Number(line);
  const lane = async () => {
    while (left-- > 0) await open();
  };
  await Promise.all(Array.from({ length: atOnce }, lane)).catch(fail);
  console.log('open');
}
process.exit(0);
