import { locationOf, newBrowser, submitSignIn } from '../stand-in/hosted-login.ts';

/** Presses a button on the page of a held call. */
async function press(gateway: string, url: string, cookie: string, answer: string): Promise<Response> {
  const body = new URLSearchParams({ answer });
  return await fetch(url, { method: 'POST', body, headers: { cookie, origin: gateway }, redirect: 'manual' });
}

/**
 * Approves a held call as a person does in a browser: opens its page, presses Approve, signs in once more.
 * @param cookie of the person's browser session
 * @returns the page afterwards
 * @throws Error with the status, if the person may not approve it
 */
export async function approveAt(gateway: string, url: string, cookie: string, username: string): Promise<string> {
  const shown = await fetch(url, { headers: { cookie } });
  if (!shown.ok) throw new Error(`${shown.status} ${await shown.text()}`);
  const pressed = await press(gateway, url, cookie, 'approve');
  const html = await pressed.text();
  if (!pressed.ok) throw new Error(`${pressed.status} ${html}`);
  const address = /class="button full" href="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const attempt = pressed.headers.getSetCookie().map((line) => line.split(';')[0]);
  const back = locationOf(await submitSignIn(newBrowser(), address, username));
  const cookies = [cookie, ...attempt].join('; ');
  const done = await fetch(back, { headers: { cookie: cookies }, redirect: 'manual' });
  if (done.status !== 303) throw new Error(`${done.status} ${await done.text()}`);
  return await (await fetch(new URL(done.headers.get('location') ?? '', gateway), { headers: { cookie } })).text();
}

/** Refuses a held call. */
export async function refuseAt(gateway: string, url: string, cookie: string): Promise<void> {
  const { status } = await press(gateway, url, cookie, 'refuse');
  if (status !== 303) throw new Error(String(status));
}
