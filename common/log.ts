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
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ['authorization', 'cookie', 'headers', 'token', 'secret', 'password', 'code'].flatMap((k) => [
        k,
        `*.${k}`,
      ]),
      remove: true,
    },
  };
  // Not synchronous: a write for each line would cost a request more than its decision. pino flushes at exit.
  return pino(options, destination ?? pino.destination({ sync: false }));
}

export type { Logger } from 'pino';
