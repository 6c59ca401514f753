/** The exit codes of every command; docs/command-line.md shows the same table. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notLoggedIn: 3,
  denied: 4,
  unreachable: 5,
  needsInput: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Their meanings, for help and documentation. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, 'done'],
  [exitCodes.failed, 'it failed: the tool said so, or the server or the gateway could not do it'],
  [
    exitCodes.usage,
    'wrong use: an argument or a setting is missing or wrong; of apply --dry-run: something would change',
  ],
  [exitCodes.notLoggedIn, 'not logged in: no session, one that has ended, or credentials that are refused'],
  [exitCodes.denied, 'denied: the gateway knows who you are, and you may not do this'],
  [exitCodes.unreachable, 'the gateway or the user pool cannot be reached'],
  [exitCodes.needsInput, 'agent only: an argument is missing, and there is no terminal to ask on'],
  [exitCodes.interrupted, 'stopped by Ctrl-C'],
];

/** A failure of a command, with hints for the user. Never holds a secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  /** The gateway's code (docs/validate.md), such as `not_permitted`; undefined if the gateway did not fail. */
  readonly reason: string | undefined;
  /** What the user can do, one line each. */
  readonly hints: readonly string[];
  constructor(
    exitCode: ExitCode,
    message: string,
    more: { hints?: readonly string[]; reason?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.exitCode = exitCode;
    this.reason = more.reason;
    this.hints = more.hints ?? [];
  }
}

/** Wrong use of a command: an argument or a setting. */
export function usageError(message: string, hints: readonly string[] = [], cause?: unknown): CommandError {
  return new CommandError(exitCodes.usage, message, { hints, cause });
}
