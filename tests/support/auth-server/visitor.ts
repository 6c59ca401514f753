import { locationOf, newBrowser, submitSignIn } from '../stand-in/hosted-login.ts';
import { publicUrl } from './auth-fixture.ts';

/**
 * A person's browser in front of the gateway: it keeps cookies, and reaches the gateway's public address where the test
 * runs it.
 * @param gateway URL at which the auth-server listens
 */
export function newVisitor(gateway: string) {
  const jar = new Map<string, string>();
  const setCookies: string[] = [];
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const go = async (path: string | URL, init: RequestInit = {}, headers: Record<string, string> = {}) => {
    const url = String(path).replace(publicUrl, '');
    const sent = { ...(jar.size > 0 && { cookie: cookies() }), ...headers };
    const response = await fetch(gateway + url, { ...init, redirect: 'manual', headers: sent });
    for (const line of response.headers.getSetCookie()) {
      setCookies.push(line);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
  const visitor = {
    jar,
    setCookies,
    cookies,
    get: (path: string | URL, headers: Record<string, string> = {}) => go(path, {}, headers),
    post: (path: string, headers: Record<string, string> = {}) => go(path, { method: 'POST' }, headers),
    /** Sends a form, as a page of the gateway does unless other headers are given. */
    submit: (path: string, form: Record<string, string>, headers: Record<string, string> = { Origin: publicUrl }) =>
      go(path, { method: 'POST', body: new URLSearchParams(form) }, headers),
    /** Starts a login. @returns the URL at the provider */
    start: async (next = '/servers?x=1') =>
      locationOf(await visitor.get(`/oauth2/login/cognito?redirect_uri=${encodeURIComponent(next)}`)),
    /** Signs in at the provider. @returns the callback URL, not yet visited */
    signIn: async (authorize: URL, username = 'alice') =>
      locationOf(await submitSignIn(newBrowser(), authorize, username)),
    /** A complete login. @returns the answer of the callback */
    logIn: async (username = 'alice', next?: string) =>
      visitor.get(await visitor.signIn(await visitor.start(next), username)),
  };
  return visitor;
}
