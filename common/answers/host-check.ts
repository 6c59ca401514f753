/** How the SDKs, Starlette, Django, Vite and servers in Go refuse a name. */
const words = /\b(?:invalid|disallowed|unknown|not allowed|blocked)\b.{0,20}\bhost\b|\bhost\b.{0,60}\bnot allowed\b/i;

/**
 * Whether a server refuses the Host header: it checks under which names it is called, against DNS rebinding.
 * @param text the beginning of the answer's body
 */
export function isHostCheck(status: number, text: string): boolean {
  return status === 421 || ((status === 400 || status === 403) && words.test(text));
}
