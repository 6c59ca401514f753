import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keys, secretOf, seed, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type RunningCognito, startCognito } from '../../support/stand-in/start.ts';

let folder: string;
let cognito: RunningCognito;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sign-ins-'));
});
afterEach(async () => {
  await cognito.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = (path: string, form: Record<string, string>) =>
  fetch(`${cognito.url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${WEB}:${secretOf(WEB)}`)}` },
    body: new URLSearchParams(form),
  });
const refresh = async (refresh_token = '') =>
  (await post('/oauth2/token', { grant_type: 'refresh_token', refresh_token })).status;

test('A restart of the stand-in ends no sign-in, and brings none back that was revoked', async () => {
  const signInsFile = join(folder, 'keys.json.sign-ins');
  cognito = await startCognito({ seed, keys, signInsFile });
  const [kept, revoked] = [await cognito.control.signIn('alice', WEB), await cognito.control.signIn('bob', WEB)];
  await post('/oauth2/revoke', { token: revoked.refresh_token ?? '' });
  await cognito.close();
  expect(statSync(signInsFile).mode & 0o777).toBe(0o600);
  cognito = await startCognito({ seed, keys, signInsFile });
  expect([await refresh(kept.refresh_token), await refresh(revoked.refresh_token)]).toEqual([200, 400]);
  await cognito.close();
  writeFileSync(signInsFile, 'broken');
  cognito = await startCognito({ seed, keys, signInsFile });
  expect(await refresh(kept.refresh_token)).toBe(400);
});
