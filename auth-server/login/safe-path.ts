/**
 * A path of our own to go to after a login, or `/`.
 * @param wanted whatever the browser asked for
 * @param publicUrl our origin
 * @returns a path that stays on our origin: `//evil`, `/\evil`, `/%09/evil`, `https:evil` and the like become `/`
 */
export function safePath(wanted: unknown, publicUrl: string): string {
  if (typeof wanted !== 'string' || wanted.length > 1000 || !/^\/(?![/\\])[!-[\]-~]*$/.test(wanted)) return '/';
  // Nothing that a browser's parser would read in another way than it is written.
  if (URL.parse(wanted, publicUrl)?.href !== `${publicUrl}${wanted}`) return '/';
  // What the browser decodes must not turn into another host either, and a login must not lead into a login.
  if (/^\/(%|(oauth2|login)([/?#]|$))/i.test(wanted)) return '/';
  return wanted;
}
