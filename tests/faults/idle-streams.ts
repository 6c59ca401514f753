// Opens streams from many addresses and keeps them open: node idle-streams.ts PORT HOW-MANY HOW-MANY-FROM-ONE-ADDRESS
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [port = 0, count = 0, each = 1] = process.argv.slice(2).map(Number);
const streams: Socket[] = [];
let begun = 0;
let ended = 0;

function open(i: number): void {
  const address = `10.${i % 250}.0.${1 + (i % 200)}`;
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}).once('close', () => void ended++);
  socket.on('data', (data) => {
    if (String(data).startsWith('HTTP/1.1 200')) begun++;
    else if (String(data).startsWith('HTTP/1.1')) process.stderr.write(String(data));
  });
  const headers = { Host: `localhost:${port}`, Accept: 'text/event-stream', 'X-Forwarded-For': address };
  const lines = Object.entries({ ...headers, Authorization: process.env.AUTHORIZATION }).map(([k, v]) => `${k}: ${v}`);
  socket.write(`GET /echo/mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  streams.push(socket);
}

process.once('SIGTERM', () => {
  process.stdout.write(`\nended: ${ended}\n`);
  for (const stream of streams) stream.destroy();
});
for (let i = 0; i < count; i++) {
  open(i);
  while (streams.length - begun > Math.min(50, each)) await sleep(5);
}
while (begun < count) await sleep(20);
process.stdout.write('\nall open\n');
