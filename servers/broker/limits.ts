/** Bounds on what members and callers can make a broker hold. Everything that a member sends passes them before it is read. */
export const limits = {
  /** One message of a member, in bytes: images of 20 MB pass. */
  message: 33_554_432,
  /** All messages that are being read, in bytes. */
  held: 134_217_728,
  /** A request or a notification of a member, in bytes. Only a message for the client's model may hold images. */
  ofMember: { usual: 65_536, sampling: 1_048_576 },
  /** An error of a member, in bytes and characters. */
  errorBody: 65_536,
  errorText: 4_096,
  /** For `initialize`, `server/discover` and each page of a list, in milliseconds. */
  shortRequest: 5_000,
  /** Until the standing stream of a member is open, in milliseconds. A member that takes longer is not heard beside its calls. */
  standingStream: 2_000,
  /** Requests that a caller has not asked for one by one: openings, lists, searches. At a time, and waiting. */
  turnsPerCaller: 8,
  waitingPerCaller: 200,
  /** Requests to members, of all callers and of one: each holds a connection. */
  requests: 4_000,
  requestsPerCaller: 500,
  /** A member that failed so often in a row is left out for so many milliseconds. */
  failures: 3,
  leftOut: 30_000,
  /** Sessions at members without use are closed, after so many milliseconds. */
  idleSession: 600_000,
  /** Requests of a member that the client has not answered yet, and questions of one `input_required`. */
  askedPerMember: 4,
  /** How often one call of an old client may ask for input. */
  rounds: 10,
  /** The result of a call without a client that takes streams, in bytes: a model reads it. */
  onceResult: 1_048_576,
  /** Calls that wait for the client's input: for each caller, and for how many milliseconds. */
  heldPerCaller: 8,
  heldFor: 300_000,
  /** Progress and log messages of one call: so many in a second, then every tenth. */
  notices: 10,
  /** Resources that a client subscribes to. Updates of one come that often at most, in milliseconds. */
  subscriptions: 1_000,
  updateEvery: 1_000,
  /** Addresses of resources in results that are remembered for a client. */
  links: 1_000,
  longestUri: 2_048,
  /** Members that are asked for a resource of which no list tells whose it is. */
  membersAsked: 5,
  /** Streams that ended before their answer and may go on (`Last-Event-ID`), for each client. */
  unfinished: 64,
} as const;
