/**
 * The type of a Content-Type header without its parameters, in lower case (RFC 9110 section 8.3.1). Clients go by it alone.
 */
export function essenceOf(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

export const jsonType = 'application/json';
export const streamType = 'text/event-stream';
