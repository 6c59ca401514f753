import { type DestinationStream, type Logger, pino } from 'pino';
import { type GatheredOutput, gatherOutput } from './gathered-output.ts';

/**
 * A logger that writes one JSON object per line to stdout (or to `destination`).
 * Values go in as named fields, never as text pasted into the message, so that a line break in a value cannot forge a
 * line; fields that usually carry a credential are dropped even when somebody logs a whole request by mistake.
 * @param service name that every line carries, as in `docker compose logs`
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

/** Writes one line: its level, its fields as the members of a JSON object, its message. */
export type LineWriter = (level: 'info' | 'warn' | 'error', fields: string, message: string) => void;

/**
 * A way past pino for what writes a line with each request, and puts it together for less: the line looks the same, goes
 * where the others go, and only from the same level on. Nothing is dropped from it: the fields must be known.
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
  // Looking at it is enough: Node then has a pipe or socket refuse what its reader does not take. Otherwise a write waits
  // for the reader, and with it everything else, the end of the process too.
  void process.stdout;
  return gatherOutput(1, lost);
}

let second = { number: Number.NaN, text: '' };

/** ISO 8601. Putting a time into words takes longer than most of a line: that is done once a second. */
function timeNow(): string {
  const now = Date.now();
  const number = Math.floor(now / 1000);
  if (number !== second.number) second = { number, text: new Date(number * 1000).toISOString().slice(0, -4) };
  return `${second.text}${String(now - number * 1000).padStart(3, '0')}Z`;
}

export type { Logger } from 'pino';
