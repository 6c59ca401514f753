/** What the exit code of every command means; docs/command-line.md shows the same table. */
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

/** The same in words, for help and documentation. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, 'done'],
  [exitCodes.failed, 'it failed: the tool said so, or the server or the gateway could not do it'],
  [exitCodes.usage, 'wrong use: an argument or a setting is missing or wrong'],
  [exitCodes.notLoggedIn, 'not logged in: no session, one that has ended, or credentials that are refused'],
  [exitCodes.denied, 'denied: the gateway knows who you are, and you may not do this'],
  [exitCodes.unreachable, 'the gateway or the user pool cannot be reached'],
  [exitCodes.needsInput, 'agent only: an argument is missing, and there is no terminal to ask on'],
  [exitCodes.interrupted, 'stopped by Ctrl-C'],
];

/** An end of a command that is not the good one: what happened, to what, and what to do. Never holds a secret. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  /** The gateway's word for it (docs/validate.md), such as `not_permitted`; undefined when it was not the gateway. */
  readonly reason: string | undefined;
  /** What to do about it; a line each. */
  readonly hints: readonly string[];
  constructor(
    exitCode: ExitCode,
    message: string,
    more: { hints?: readonly string[]; reason?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.reason = more.reason;
    this.hints = more.hints ?? [];
  }
}
