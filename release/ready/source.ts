import { CommandError } from '../../operations/command.ts';
import { attempt, type Shell } from '../shell.ts';

/**
 * The web address of the source: what was given, else the address of the remote `origin`, without what signs in there.
 * @returns undefined if `origin` is missing or is no address on the web
 * @throws {CommandError} if what was given is none
 */
export function sourceOf(shell: Shell, given: string | undefined): string | undefined {
  const address = webAddress(given ?? attempt(shell, 'git', 'remote', 'get-url', 'origin') ?? '');
  if (given !== undefined && address === undefined)
    throw new CommandError(
      `--source ${given}: give a web address, such as https://github.com/your-org/your-repository.`,
    );
  return address;
}

function webAddress(text: string): string | undefined {
  const remote = text.replace(/^(?:\w+@)([\w.-]+):(?!\/)/, 'ssh://$1/');
  if (!URL.canParse(remote)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(remote);
  if (!['https:', 'http:', 'ssh:', 'git:'].includes(protocol) || hostname === '') return undefined;
  const isWeb = protocol.startsWith('http');
  const host = isWeb && port ? `${hostname}:${port}` : hostname;
  return `${isWeb ? protocol : 'https:'}//${host}${pathname.replace(/(\.git)?\/*$/, '')}`;
}
