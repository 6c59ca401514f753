import type { Answer } from './answer.ts';
import type { Sent, Visitor } from './case.ts';

/**
 * A browser with an empty cookie jar.
 * @param send sends one request, with its path unchanged
 */
export function newVisitor(send: (sent: Sent) => Promise<Answer>): Visitor {
  const jar = new Map<string, string>();
  const header = (prefix = '') =>
    [...jar]
      // Over https the gateway's cookie names start with __Host- or __Secure-.
      .filter(([name]) => name.replace(/^__(Host|Secure)-/, '').startsWith(prefix))
      .map(([name, value]) => `${name}=${value}`)
      .join('; ') || undefined;
  const go = async (sent: Sent) => {
    const answer = await send({ ...sent, headers: { accept: 'text/html', cookie: header(), ...sent.headers } });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return answer;
  };
  return {
    open: (path) => go({ method: 'GET', path }),
    submit: (path, form, headers) =>
      go({
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(form).toString(),
      }),
    cookie: header,
  };
}

/** Where a response redirects to; undefined if nowhere. */
export function locationOf(answer: Answer, base: URL): URL | undefined {
  const { location } = answer.headers;
  return typeof location === 'string' ? (URL.parse(location, base) ?? undefined) : undefined;
}

/** Path and query of a URL. */
export function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}
