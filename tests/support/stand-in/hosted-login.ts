/** A minimal browser for the sign-in pages: it keeps cookies and does not follow redirects. */
export interface Browser {
  get(url: string | URL): Promise<Response>;
  post(url: string | URL, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
}

/** A browser without any cookies yet. */
export function newBrowser(): Browser {
  const jar = new Map<string, string>();
  const go = async (url: string | URL, init: RequestInit) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...init.headers, ...(cookie && { cookie }) };
    const response = await fetch(url, { ...init, redirect: 'manual', headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
  return {
    get: (url) => go(url, {}),
    post: (url, form, headers = {}) => go(url, { method: 'POST', body: new URLSearchParams(form), headers }),
  };
}

/** The URL to which a response redirects the browser. */
export function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? 'about:blank');
}

/** The value of a hidden field. */
export function hidden(html: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
}

/**
 * Opens an authorize URL, fills in the sign-in form and sends it.
 * @returns the answer to the form: a redirect to the callback on success
 */
export async function submitSignIn(
  browser: Browser,
  authorizeUrl: string | URL,
  username: string,
  password = 'Passw0rd!',
): Promise<Response> {
  const login = locationOf(await browser.get(authorizeUrl));
  const html = await (await browser.get(login)).text();
  return browser.post(login, { _csrf: hidden(html, '_csrf'), username, password });
}

/**
 * Signs a person in at a gateway by the stand-in's pages.
 * @returns the session's cookie, as a browser sends it
 * @throws what the gateway answered instead
 */
export async function signIn(url: string, person: string): Promise<string> {
  const ours = newBrowser();
  const start = await ours.get(`${url}/oauth2/login/cognito`);
  const back = await submitSignIn(newBrowser(), locationOf(start), person);
  const done = await ours.get(locationOf(back));
  const cookie = done.headers.getSetCookie().find((line) => line.startsWith('mcp_gateway_session='));
  if (!cookie) throw new Error(`${person} could not sign in: ${done.status} ${await done.text()}`);
  return cookie.slice(0, cookie.indexOf(';'));
}
