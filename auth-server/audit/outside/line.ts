/** What nginx saw of one allowed request when it had ended. */
export interface SeenCall {
  /** nginx's own id of the request, which no client can choose. */
  requestId: string;
  /** The HTTP status that the client got; 499 if it closed the connection first. */
  status: number;
  /** How long the server (or the relay) took until its answer had ended; without an answer, how long the request took. */
  milliseconds: number;
}

/** As `log_format call` in nginx/gateway.conf.template. nginx lists several upstreams with commas and colons. */
const form = /^([0-9a-f]{32})\t([1-9]\d\d)\t[\d, :-]+\t(\d{1,9}\.\d{3})\t([\d., :-]+)\t\d+$/;

/**
 * Reads a line of `CALLS_FILE`.
 * @returns undefined if it is broken, or nginx ended before there was a status
 */
export function readCallLine(line: string): SeenCall | undefined {
  const [, requestId, status, whole = '', upstream = ''] = form.exec(line) ?? [];
  if (requestId === undefined) return undefined;
  // The last one: the others did not give the answer.
  const last = Number(upstream.split(/[, :]+/).at(-1));
  return {
    requestId,
    status: Number(status),
    milliseconds: Math.round(1000 * (Number.isNaN(last) ? Number(whole) : last)),
  };
}
