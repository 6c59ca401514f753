import * as z from 'zod';
import { commandLine } from '../../common/identity/command-line.ts';
import { asRefusal, explainFailure, explainRefusal } from '../gateway/explain.ts';
import { CommandError, exitCodes, usageError } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { watchFetch } from '../lib/watched-fetch.ts';

const metadata = z.object({ resource: z.url() });
/** What `/health` of every release answers. */
const health = z.object({ 'auth-server': z.string() });
const timeoutMilliseconds = 10_000;

/**
 * Checks before the browser opens that REGISTRY_URL is the gateway's own address, and that the gateway knows the login of this
 * command line: it has the metadata (RFC 9728) of the resource that the login asks for.
 * @throws {CommandError} usage, with the correct address; failed for an older gateway; unreachable
 */
export async function checkGateway(settings: Settings, print: Print): Promise<void> {
  const { gateway, file } = settings;
  const ask = async (path: string) => {
    const url = new URL(path, gateway);
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    const response = await watchFetch(print)(url, { redirect: 'manual', signal }).catch((error) => {
      throw explainFailure(error, { settings, url });
    });
    return { url, response };
  };
  const { url, response } = await ask(`/.well-known/oauth-protected-resource${commandLine.sessionPath}`);
  const refusal = response.ok ? undefined : await asRefusal(response);
  if (refusal?.reason === 'identity_required') throw explainRefusal(refusal, { settings, url });
  const hints = [`REGISTRY_URL (${file}) is the address that people open in the browser, without a path.`];
  if (refusal?.reason === 'wrong_host') throw usageError(refusal.message, hints);
  const found = response.ok ? metadata.safeParse(await response.json().catch(() => undefined)) : undefined;
  if (!found?.success) {
    const about = await (await ask('/health')).response.json().catch(() => undefined);
    if (health.safeParse(about).success) throw olderGateway(gateway);
    throw usageError(`${gateway} does not answer like a gateway.`, hints);
  }
  const { origin } = new URL(found.data.resource);
  if (origin !== gateway)
    throw usageError(`${gateway} is not the address of the gateway, which is ${origin}.`, [
      `Set REGISTRY_URL=${origin} in ${file}.`,
    ]);
}

function olderGateway(gateway: string): CommandError {
  return new CommandError(
    exitCodes.failed,
    `The gateway at ${gateway} is older than this mcp-gateway, and does not know its login.`,
    {
      hints: [
        'Log in with the mcp-gateway of its own version, or ask its operator to update it. The session works with every version.',
      ],
    },
  );
}
