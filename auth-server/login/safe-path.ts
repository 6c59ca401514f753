/**
 * The path on our origin to go to after a login, or `/`.
 * @param wanted the value from the browser
 * @param publicUrl our origin
 * @returns a path that stays on our origin: `//evil`, `/\evil`, `/%09/evil`, `https:evil` and the like become `/`
 */
export function safePath(wanted: unknown, publicUrl: string): string {
  if (typeof wanted !== 'string' || wanted.length > 1000 || !/^\/(?![/\\])[!-[\]-~]*$/.test(wanted)) return '/';
  // Reject what a browser's parser would change.
  if (URL.parse(wanted, publicUrl)?.href !== `${publicUrl}${wanted}`) return '/';
  // A decoded path must not become another host either, and a login must not lead to another login.
  if (/^\/(%|(oauth2|login)([/?#]|$))/i.test(wanted)) return '/';
  return wanted;
}
