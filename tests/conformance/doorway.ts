import { request } from 'node:http';
import { listen } from '../support/listen.ts';

/**
 * A proxy in front of the gateway that adds a credential to each request, because the suite can send none. It changes its own
 * address to the gateway's in `Host` and `Origin`, and nothing else: foreign names arrive as they are.
 * @returns its origin, and `close`
 */
export async function openDoorway(gateway: URL, credential: Readonly<Record<string, string>>) {
  let own = '';
  const doorway = await listen((asked, answer) => {
    const headers = asked.rawHeaders.map((text) => (text.endsWith(own) ? text.replace(own, gateway.host) : text));
    headers.push(...Object.entries(credential).flat());
    const { method, url: path } = asked;
    const forwarded = request({ host: '127.0.0.1', port: gateway.port, method, path, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.rawHeaders).flushHeaders();
      answered.on('error', () => answer.destroy()).pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    answer.on('close', () => forwarded.destroy());
    asked.pipe(forwarded);
  });
  own = `localhost:${doorway.port}`;
  return { origin: `http://${own}`, close: doorway.close };
}
