// The browser of a person who logs in and presses Allow: browser.ts URL. Clients start it as xdg-open or BROWSER. It opens
// nothing while the file `closed` is in BROWSER_FOLDER, and writes what it saw to `log` there.
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { BROWSER_FOLDER: folder = '.', BROWSER_PERSON: username = '', BROWSER_PASSWORD: password = '' } = process.env;
const mostSteps = 20;
const mostTries = 100;
const jar = new Map<string, Map<string, string>>();
const log = (line: string) => appendFileSync(join(folder, 'log'), `${line}\n`);

async function go(url: URL, form?: URLSearchParams): Promise<Response> {
  const cookies = jar.get(url.origin) ?? new Map<string, string>();
  jar.set(url.origin, cookies);
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, {
    redirect: 'manual',
    headers: {
      accept: 'text/html',
      ...(cookie && { cookie }),
      ...(form && { origin: url.origin, 'sec-fetch-site': 'same-origin' }),
    },
    ...(form && { method: 'POST', body: form }),
  });
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value) cookies.set(name, value);
    else cookies.delete(name);
  }
  return response;
}

const attribute = (tag: string, name: string) =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&');

/** The form to send next: the one that asks for a user name, or the one with the button Allow. */
function formOf(html: string, at: URL): { url: URL; fields: URLSearchParams } | undefined {
  for (const [, tag = '', inner = ''] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    const fields = new URLSearchParams();
    for (const [input] of inner.matchAll(/<input\b[^>]*>/g)) {
      const name = attribute(input, 'name');
      if (name && attribute(input, 'type') === 'hidden') fields.append(name, attribute(input, 'value') ?? '');
    }
    const url = new URL(attribute(tag, 'action') ?? '', at);
    if (inner.includes('name="username"')) {
      fields.append('username', username);
      fields.append('password', password);
      return { url, fields };
    }
    const allow = /<button\b([^>]*)>\s*Allow\b/.exec(inner);
    if (!allow) continue;
    const name = attribute(allow[1] ?? '', 'name');
    if (name) fields.append(name, attribute(allow[1] ?? '', 'value') ?? '');
    return { url, fields };
  }
  return undefined;
}

/** Some clients open the browser before they listen for its return. */
async function patiently(work: () => Promise<Response>): Promise<Response> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === mostTries) throw error;
      await sleep(100);
    }
  }
}

async function visit(start: string): Promise<void> {
  let url = new URL(start);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < mostSteps; step++) {
    const response = await patiently(() => go(url, form));
    form = undefined;
    const location = response.headers.get('location');
    log(`${response.status} ${url.origin}${url.pathname}`);
    if (location !== null) {
      url = new URL(location, url);
      continue;
    }
    const html = await response.text();
    const next = formOf(html, url);
    if (!next)
      return log(
        `ends at: ${html
          .replace(/<[^>]*>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim()
          .slice(0, 200)}`,
      );
    ({ url, fields: form } = next);
  }
  log('gives up');
}

const [start = ''] = process.argv.slice(2);
if (existsSync(join(folder, 'closed'))) log('closed');
else await visit(start).catch((error: unknown) => log(String(error)));
