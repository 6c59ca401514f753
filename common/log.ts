import { type DestinationStream, type Logger, pino } from 'pino';

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
  return pino(options, destination ?? gatheredStdout());
}

/** Writes one line: its level, its fields as a JSON object, its message. */
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
      `{"level":"${level}","time":"${timeNow()}","service":${name},${fields.slice(1, -1)},"msg":${JSON.stringify(message)}}\n`,
    );
  };
}

const gatherMilliseconds = 20;
const gatherBytes = 16_000;

/**
 * Standard output, some milliseconds later and many lines at once: a write for each would cost a request more than its
 * decision. At exit pino writes what is left; of a process that is killed at once, the last 20 ms are lost.
 */
function gatheredStdout(): DestinationStream {
  const stdout = pino.destination({ sync: false, minLength: gatherBytes });
  let waiting = false;
  const flush = () => {
    waiting = false;
    stdout.flush();
  };
  return {
    write(line) {
      stdout.write(line);
      if (waiting) return;
      waiting = true;
      setTimeout(flush, gatherMilliseconds).unref();
    },
    // pino asks for it before a fatal error ends the process.
    flushSync: () => stdout.flushSync(),
  } as DestinationStream;
}

let lastTime = { at: 0, text: '' };

/** Putting a time into words takes longer than finding out that it is still the same millisecond. */
function timeNow(): string {
  const at = Date.now();
  if (at !== lastTime.at) lastTime = { at, text: new Date(at).toISOString() };
  return lastTime.text;
}

export type { Logger } from 'pino';
