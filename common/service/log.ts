import { type DestinationStream, type Logger, pino } from 'pino';
import { type GatheredOutput, gatherOutput } from './gathered-output.ts';

/**
 * A logger that writes one JSON object per line to stdout (or to `destination`).
 * Values go in as named fields, never as text pasted into the message, so that a line break in a value cannot forge a
 * line. Fields that usually carry a credential are dropped, even if a whole request is logged by mistake.
 * @param service the name on every line, as in `docker compose logs`
 * @param level `debug`, `info`, `warn`, `error` or `silent`
 */
export function createLog(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: () => `,"time":"${timeNow()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ['authorization', 'cookie', 'headers', 'token', 'secret', 'password', 'code'].flatMap((k) => [
        k,
        `*.${k}`,
      ]),
      remove: true,
    },
  };
  return pino(options, destination ?? standardOutput(service));
}

/** Writes one line. `fields` holds the members of a JSON object, without its braces. */
export type LineWriter = (level: 'info' | 'warn' | 'error', fields: string, message: string) => void;

/**
 * A faster way than pino for code that writes a line with each request. The line looks the same, goes to the same
 * destination, and is subject to the same level. No field is dropped from it: the caller must know what the fields hold.
 */
export function lineWriter(log: Logger): LineWriter {
  const { service } = log.bindings();
  const stream = (log as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym];
  const name = JSON.stringify(service);
  return (level, fields, message) => {
    if (!log.isLevelEnabled(level)) return;
    stream?.write(
      `{"level":"${level}","time":"${timeNow()}","service":${name},${fields},"msg":${JSON.stringify(message)}}\n`,
    );
  };
}

function standardOutput(service: string): GatheredOutput {
  const lost = (lines: number) => {
    const message = 'lines of the log are lost: standard output was not read fast enough';
    return `${JSON.stringify({ level: 'error', time: timeNow(), service, lines, msg: message })}\n`;
  };
  // Accessing it is enough: Node then makes a pipe or socket non-blocking. Otherwise a write waits for the reader, and
  // blocks everything else, the end of the process included.
  void process.stdout;
  return gatherOutput(1, lost);
}

let second = { number: Number.NaN, text: '' };

/** ISO 8601. Formatting a time takes longer than most of a line, so it is done once a second. */
function timeNow(): string {
  const now = Date.now();
  const number = Math.floor(now / 1000);
  if (number !== second.number) second = { number, text: new Date(number * 1000).toISOString().slice(0, -4) };
  return `${second.text}${String(now - number * 1000).padStart(3, '0')}Z`;
}

export type { Logger } from 'pino';
