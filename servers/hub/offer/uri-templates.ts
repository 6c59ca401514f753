/**
 * Whether a URI may come of a template (RFC 6570): all that stands outside of the braces is there, in this order, and at least
 * one character for each expression. It takes no longer than a few searches for text, whatever a server has written.
 */
export function fitsTemplate(template: string, uri: string): boolean {
  const [first = '', ...others] = template.split(/\{[^{}]*\}/);
  const last = others.pop();
  if (last === undefined) return uri === first;
  if (!uri.startsWith(first) || !uri.endsWith(last)) return false;
  let at = first.length;
  for (const part of others) {
    const found = uri.indexOf(part, at + 1);
    if (found === -1) return false;
    at = found + part.length;
  }
  return uri.length - last.length > at;
}
