/** The messages of denials: what happened, and what the caller can do about it. By code; codes.ts has their statuses. */
export const texts = {
  credentials_missing: 'Log in, or send an access token as "Authorization: Bearer …".',
  credentials_ambiguous: 'There are two session cookies. Clear the cookies of this site and log in.',
  authorization_unreadable: 'The Authorization header must be "Bearer" and one access token.',
  token_invalid: (why: string) => `The access token was refused: ${why}.`,
  token_expired: (seconds: number, clock: string) =>
    `The access token expired ${seconds} s ago (it is ${clock} by this gateway's clock). Get a new one and try again.`,
  session_invalid: 'The session cookie is not one of this gateway. Log in again.',
  local_session_invalid: (why: string) => `The locally signed session was refused: ${why}.`,
  session_expired: 'The session has expired. Log in again.',
  session_ended: 'This session has ended. Log in again.',
  personal_token_ended: (page: string) => `This personal token has ended. Make a new one: ${page}`,
  session_idle: (minutes: number) =>
    `This session was not used for ${minutes < 2_880 ? `${minutes} minutes` : `${Math.floor(minutes / 1_440)} days`}. Log in again.`,
  access_revoked: 'An administrator has ended this access. Log in again, or get a new token.',
  groups_unconfirmed: 'The identity provider cannot confirm your groups at the moment. Try again.',
  origin_not_allowed: (origin: string) => `Requests from ${origin} are not accepted here.`,
  not_permitted: ({ what, server, reason, holds, remedy }: Record<string, string>) =>
    `Not allowed: ${what} on ${server} (${reason}). You hold ${holds}. ${remedy}`,
  argument_not_permitted: ({ what, server, argument, holds, remedy }: Record<string, string>) =>
    `Not allowed: ${what} on ${server} with ${argument}. A rule lets you call this tool, but with other arguments only. You hold ${holds}. ${remedy}`,
  not_delegated: (via: string) =>
    `Not asked for: ${via} may only repeat what you ask it, at servers that call no others.`,
  method_unknown: (method: string, server: string, remedy: string) =>
    `There is no method ${method} for you on ${server}.${remedy}`,
  nothing_to_list: (method: string, server: string) =>
    `Answered with an empty list: no rule allows ${method} on ${server}.`,
  tool_changed: (tool: string | undefined, server: string) =>
    `The tool ${tool} of ${server} is new, or its server has changed it, and it is not approved yet. A user with modify_service for ${server} can approve it, in the registry.`,
  approval_needed: (tool: string, server: string, by: string, page: string) =>
    `Calling ${tool} on ${server} has to be approved by ${by}${page}. Then repeat the same call: an approval is good for one call, for five minutes.`,
  approval_awaited: (tool: string, server: string, by: string, page: string) =>
    `The call of ${tool} on ${server} still waits to be approved by ${by}${page}. Then repeat the same call.`,
  approval_refused: (tool: string, server: string) =>
    `This call of ${tool} on ${server} was refused by a person. Do not repeat it: ask them why, or call with other arguments.`,
  approval_too_large: (tool: string, server: string) =>
    `Calling ${tool} on ${server} has to be approved by a person, and these arguments are larger than the 16 kB that can be held. Call with less at a time.`,
  approvals_too_many: (most: number, page: string) =>
    `This has to be approved by a person, and ${most} of your calls wait for that already. Let some be approved or refused at ${page}, or wait ten minutes.`,
  approval_for_people: (tool: string, server: string) =>
    `Calling ${tool} on ${server} has to be approved by the person who calls, and you are an agent. Ask an administrator, who can name a group that approves it.`,
  approved_tools_unavailable:
    'The gateway cannot read which tools are approved. Try again; its operator finds the reason in the log.',
  request_refused: (why: string) => `Refused: ${why}.`,
  server_not_found: (server: string, endpoint: string) =>
    `There is no ${server}/${endpoint} here. The registry shows the servers and sets that there are, with their addresses.`,
  session_unknown: 'You have no such session on this server. Initialize a new one.',
  task_unknown: 'You have no such task on this server.',
  body_too_large: (limit: number) => `The body is larger than ${limit} bytes.`,
  credential_refused_too_often: (seconds: number) =>
    `This credential was refused too often. Get a new one in ${seconds} s.`,
  network_refused_too_often: (seconds: number) =>
    `Too many credentials from your network were refused. Try again in ${seconds} s.`,
  too_many_requests: (seconds: number) =>
    `You have sent more requests than are allowed in a minute. Go on in ${seconds} s.`,
  heavy_too_often: (seconds: number) =>
    `Your large requests have used their share of the gateway's time. Go on in ${seconds} s; small requests pass.`,
  limit_reached: (calls: number, per: string, seconds: number, until: string) =>
    `Limit reached: you may make ${calls} ${calls === 1 ? 'call' : 'calls'} of this kind per ${per}, and have made them. Go on in ${seconds} s (${until}); other calls pass.`,
  too_busy: 'The gateway is checking too many large requests at the moment. Try again.',
  header_missing: (name: string) => `The gate did not send ${name}.`,
  header_unknown: (name: string) => `The gate sent an unknown ${name}.`,
  header_unreadable: (name: string) => `The gate sent an unreadable ${name}.`,
  body_unseen:
    'The proxy in front of the gateway did not pass on the body of this POST, so it is unknown what it asks for.',
  identity_provider_unavailable: "The identity provider's keys cannot be fetched at the moment. Try again.",
  account_not_connected: (server: string, page: string) =>
    `The server ${server} wants an account of your own: connect it${page}, then try again.`,
  account_ended: (server: string, page: string) =>
    `Your account at ${server} is no longer accepted: connect it again${page}, then try again.`,
  account_moved: (server: string, page: string) =>
    `The server ${server} has changed since you connected your account: connect it again${page}, then try again.`,
  account_more_scopes: (server: string, page: string) =>
    `The server ${server} wants more rights than you have given: connect your account again${page}, then try again.`,
  account_refuses: (server: string, page: string) =>
    `The server ${server} refuses your account, although its provider has just confirmed it: connect another account${page}, or ask the people who run ${server}.`,
  account_awaited: (server: string, page: string) =>
    `The server ${server} still waits for your account: finish connecting it${page}, then try again.`,
  account_wants_others: (server: string, scopes: string) =>
    `The server ${server} wants rights that the gateway does not ask for (${scopes}): tell the gateway's operator.`,
  account_renewed: (server: string) =>
    `The server ${server} did not accept the token of your account, which has been renewed: try again.`,
  account_for_people: (server: string) =>
    `The server ${server} is for people: it wants an account of each person's own, and you have none. Use a server that takes agents, or let a person ask.`,
  account_unavailable: (server: string) =>
    `The gateway cannot get the token of your account at ${server} at the moment. Try again.`,
  upstream_secret_unavailable:
    'The gateway has no credential for this MCP server at the moment. Tell its operator: the log has the reason.',
  store_unavailable: "The gateway's database does not answer at the moment. Try again.",
  decision_too_slow: 'The gateway could not decide about this request in time. Try again.',
  internal_error: 'The gateway could not decide about this request. Try again.',
};
