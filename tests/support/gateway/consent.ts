import { type Browser, locationOf, newBrowser, submitSignIn } from '../stand-in/hosted-login.ts';

/**
 * A person who follows the address that an OAuth client opens, signs in, and answers.
 * @param gateway its public URL
 * @param address the client's authorize address
 * @returns the address at the client that the browser is led to, with code or error
 */
export async function answerClient(
  gateway: string,
  address: string | URL,
  person: string,
  answer: 'allow' | 'deny' = 'allow',
): Promise<URL> {
  const browser = newBrowser();
  const question = await signInForClient(gateway, browser, address, person);
  return locationOf(await browser.post(question, { answer }, { origin: gateway }));
}

/** The same up to the question. @returns its address */
export async function signInForClient(
  gateway: string,
  browser: Browser,
  address: string | URL,
  person: string,
): Promise<string> {
  const next = async (url: string | URL) => new URL((await browser.get(url)).headers.get('location') ?? '', gateway);
  const question = await next(address);
  const provider = await next(await next(question));
  const back = locationOf(await submitSignIn(browser, provider, person));
  await browser.get(back);
  return question.href;
}
