const answersInJson = 'The hub answers lists in JSON, which the suite notes. It asks for no stream.';
const told = 'The hub tells of changes when the registry has read them, not when the server has.';
const ownHeaders = 'The hub makes the headers of arguments from the arguments. A client’s own do not reach it.';
const headers = 'http-custom-header-server-validation: sep-2243-server';

/** What the hub loses on purpose, beside the same caller without it: the beginnings of checks' names, and why, by version. */
const known: Readonly<Record<string, readonly (readonly [check: string, why: string])[]>> = {
  '2025-11-25': [['server-sse-multiple-streams: server-sse-streams-functional', answersInJson]],
  '2026-07-28': [
    ['server-stateless: sep-2575-server-sends-prompts-list-changed-on-subscription', told],
    ['server-stateless: sep-2575-server-sends-tools-list-changed-on-subscription', told],
    [`${headers}-reject-`, ownHeaders],
    [`${headers}-validate-param-match ServerRejectsMissingCustomHeader`, ownHeaders],
  ],
};
const ofAll = [
  ['sep-2640-', 'Skills are an extension of one server. The hub offers tools, prompts and resources.'],
] as const;

/** @returns a function of a check's name, that says why the hub loses it; undefined if it should not */
export function whyLost(version: string): (check: string) => string | undefined {
  const all = [...(known[version] ?? []), ...ofAll];
  return (check) => all.find(([beginning]) => check.startsWith(beginning))?.[1];
}
