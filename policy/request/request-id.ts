/** A number as its writer wrote it, such as `1.0`, `1e3`, or one beyond 2^53. No JavaScript number would be written so. */
export class WrittenNumber {
  readonly text: string;
  /** @param text a JSON number */
  constructor(text: string) {
    this.text = text;
  }
}

/** The id of a JSON-RPC request, which answers repeat. */
export type RequestId = string | number | WrittenNumber;

/** The id as JSON, as the client wrote it but for the spelling of strings. */
export function writeId(id: RequestId): string {
  return id instanceof WrittenNumber ? id.text : JSON.stringify(id);
}
