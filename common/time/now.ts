/** The current time in whole seconds since 1970, as JWTs and the databases hold times (NumericDate: RFC 7519 section 2). */
export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
