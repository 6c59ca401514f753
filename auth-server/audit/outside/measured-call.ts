/** A call as nginx saw it, for the metrics. It names no person. */
export interface MeasuredCall {
  server: string;
  /** The tool, if the registry knows its definition. */
  tool?: string | undefined;
  /** The HTTP status that the client got. From 400 on, the call counts as an error. */
  status: number;
  milliseconds: number;
}
