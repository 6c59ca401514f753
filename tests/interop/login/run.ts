import { NotInstalled } from '../install.ts';
import { startLoginGate } from './here.ts';
import type { LoginSetUp } from './login-set-up.ts';
import { writeLogins } from './page.ts';
import { loginClients } from './set-ups.ts';
import { type LoginResult, loginSteps, tryLogin } from './try-login.ts';

/**
 * Has real clients log in at a gateway, and prints what they can do.
 * @param write whether docs/clients.md gets the results of those for whom every step was fine
 * @returns how many clients were not
 */
export async function tryLogins(
  isWanted: (setUp: LoginSetUp) => boolean,
  cache: string,
  write: boolean,
): Promise<number> {
  const wanted = loginClients.filter(isWanted);
  if (wanted.length === 0) return 0;
  const gate = await startLoginGate();
  let failed = 0;
  try {
    for (const setUp of wanted) {
      const result = await tryLogin(setUp, gate, cache).catch((error: unknown) => {
        if (!(error instanceof NotInstalled)) throw error;
        console.log(`${setUp.title} ${setUp.version} logs in: skipped: ${error.message}`);
      });
      if (!result) continue;
      if (!report(setUp, result)) failed++;
      else if (write) writeLogins(loginClients, new Map([[setUp, result]]));
    }
  } finally {
    await gate.stop();
  }
  return failed;
}

/** @returns whether every step that the client can show was fine */
function report({ title, version }: LoginSetUp, result: LoginResult): boolean {
  const lines = loginSteps.map((step) => `${step}: ${result[step].state}`);
  console.log(`${title} ${version} logs in: ${lines.join(', ')}`);
  for (const step of loginSteps) if (result[step].why) console.log(`  ${step}\n    ${result[step].why}`);
  return loginSteps.every((step) => result[step].state !== 'no');
}
