const form = /^https?:\/\/[^\s/?#]+(?:\/\S*|-) (?:\/\S*|-)$/;

/** Longer ones fit neither a header of nginx nor a ticket. */
const longest = 2_048;

/** Where a server's route leads. Paths begin with a slash, and may have a query. */
interface Place {
  /** Scheme and host, such as `https://mcp.example.com:8443`. */
  origin: string;
  mcp: string | undefined;
  sse: string | undefined;
}

/**
 * The whole address of a server that wants people's own accounts, as one string: `https://mcp.example.com/mcp -`. A person's
 * token is used only while the route's is the same. nginx writes the same text into `X-Mcp-Address` (docs/validate.md).
 */
export function accountAddress({ origin, mcp = '-', sse = '-' }: Place): string {
  return `${origin}${mcp} ${sse}`;
}

/** Whether `text` can be what {@link accountAddress} makes of a route that leads somewhere. */
export function isAccountAddress(text: string): boolean {
  return text.length <= longest && form.test(text) && !text.endsWith('- -');
}
