import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Answer } from './answer.ts';
import type { Sent } from './case.ts';
import { forShow } from './redact.ts';

const answerMilliseconds = 5_000;
/** How long to read from a stream that stays open. */
const streamMilliseconds = 700;

/** Sends one request exactly as given: it normalises no path, merges no header lines and follows no redirect. */
export function send(url: URL, { method = 'POST', path = '/', headers = {}, body }: Sent): Promise<Answer> {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const all = Object.fromEntries([
    ['host', url.host],
    ...(body === undefined ? [] : [['content-length', String(Buffer.byteLength(body))]]),
    ...given,
  ]) as Record<string, string | string[]>;
  const lines = given.filter(([name]) => !['content-type', 'accept'].includes(name)).map(([n, v]) => `${n}: ${v}`);
  const sent = [`${method} ${path}`, ...lines, ...(body === undefined ? [] : [String(body)])].map(forShow).join(' | ');
  return new Promise((resolve) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const fail = (status: number, text: string) => resolve({ sent, status, headers: {}, body: text });
    try {
      const options = { host: hostOf(url), port: portOf(url), method, path, headers: all, agent: false } as const;
      const req = start(
        options,
        (res) =>
          void readAnswer(res).then((text) => {
            resolve({ sent, status: res.statusCode ?? 0, headers: res.headers, body: text });
            req.destroy();
          }),
      );
      req.setTimeout(answerMilliseconds, () => {
        fail(-1, 'timeout');
        req.destroy();
      });
      req.on('upgrade', (res, socket) => {
        resolve({ sent, status: res.statusCode ?? 101, headers: res.headers, body: '' });
        socket.destroy();
      });
      req.on('error', (error) => fail(0, error.message));
      req.end(body);
    } catch (error) {
      fail(-1, `cannot be sent: ${String(error)}`);
    }
  });
}

async function readAnswer(res: IncomingMessage): Promise<string> {
  let text = '';
  res.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(text), streamMilliseconds);
    res.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

/** Sends the pieces unchanged and returns the first response. */
export function sendBytes(url: URL, pieces: readonly (string | Buffer)[]): Promise<Answer> {
  const sent = forShow(String(pieces[0]));
  return new Promise((resolve) => {
    const host = hostOf(url);
    const socket =
      url.protocol === 'https:'
        ? connectTls({ host, port: portOf(url), servername: url.hostname })
        : connect(portOf(url), host);
    socket.setNoDelay(true).setTimeout(answerMilliseconds);
    let text = '';
    let timedOut = false;
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) socket.destroy();
    });
    socket.on('timeout', () => {
      timedOut = true;
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ sent, ...parse(text, timedOut ? -1 : 0) }));
    void (async () => {
      for (const piece of pieces) if (!socket.write(piece)) await new Promise((go) => socket.once('drain', go));
    })();
  });
}

function isWhole(text: string): boolean {
  const [head = '', body] = text.split('\r\n\r\n', 2);
  return body !== undefined && body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
}

/** Text that is no HTTP response gets `status`: it cannot come from behind the gateway. */
function parse(text: string, status: number): Omit<Answer, 'sent'> {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const found = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? status);
  const headers = Object.fromEntries(
    [...head.matchAll(/^([\w-]+): (.*)\r?$/gm)].map(([, name, value]) => [String(name).toLowerCase(), value]),
  );
  return { status: found, headers, body: rest.join('\r\n\r\n') };
}

/** Node may resolve `localhost` to ::1, where the demo need not listen. */
function hostOf({ hostname }: URL): string {
  return hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}
