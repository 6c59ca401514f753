/**
 * Agrees at a test provider as a person's browser does.
 * @param url where the gateway sends the browser
 * @param login what the person types
 * @returns the callback's address with its query
 */
export async function agreeAt(url: URL, login: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let at = url;
  let form: URLSearchParams | undefined;
  for (let hops = 0; hops < 10; hops++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(at, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: form }),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null && form === undefined) {
      form = new URLSearchParams({ login });
      continue;
    }
    if (location === null) throw new Error(`the provider answers ${answer.status}: ${await answer.text()}`);
    form = undefined;
    at = new URL(location, at);
    if (at.pathname === '/oauth2/accounts/callback') return at;
  }
  throw new Error('the provider did not send the browser back');
}
