import { isToolName } from '../../policy/names.ts';
import type { Policy } from '../../policy/policy.ts';
import { actorOf, type Person } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Actor } from '../store/change-log.ts';
import { type AccessRequest, requestBounds } from '../store/requests.ts';
import { asking, type RegistryStore } from '../store/store.ts';
import { mayAskFor } from './may-ask.ts';

/** What a person asks for. */
export interface Wish {
  server: string;
  /** Names of tools; none for "some access". */
  tools: readonly string[];
  reason: string;
}

/** The requests for access. Every method throws {@link RegistryError} `store_unavailable` without the database. */
export type Requests = ReturnType<typeof createRequests>;

interface RequestsParts {
  policy: () => Policy;
  store: Pick<RegistryStore, 'get' | 'requests'>;
  now?: () => number;
}

/** For how long the number of open requests may be old. Every page shows it to editors. */
const countMilliseconds = 2_000;

/** Makes the requests for access over the registry's store. */
export function createRequests({ policy, store, now = Date.now }: RequestsParts) {
  const table = store.requests;
  let known = { count: 0, at: Number.NEGATIVE_INFINITY };
  const recount = async () => {
    known = { count: known.count, at: now() };
    known = { count: await table.countOpen(), at: now() };
  };
  const changing = async <T>(work: () => Promise<T>): Promise<T> => {
    const done = await asking(work);
    await recount().catch(() => undefined);
    return done;
  };
  return {
    /**
     * Makes a request, or adds the tools to the person's open one for this server; then its reason is the new one, and its end
     * stays.
     * @throws {RegistryError} `not_found` if the person may not know the server, or there is none; `not_permitted` for agents;
     *   `input_invalid` for a wish that cannot be kept, with its faults
     */
    async ask(person: Person, wish: Wish): Promise<AccessRequest> {
      const { server, tools, reason } = readWish(wish);
      if (!mayAskFor(policy(), person, server) || !store.get(server)) throw noServer();
      if (person.authMethod !== 'session_cookie')
        throw new RegistryError('not_permitted', 'Only a person who is signed in can ask for access.');
      const { groups } = person;
      return await changing(() => table.add({ server, tools, reason, by: actorOf(person), groups }));
    },
    /** The person's own: open ones first, then the newest. */
    async ownOf({ sub }: Pick<Person, 'sub'>): Promise<AccessRequest[]> {
      const all = await asking(() => table.of(sub));
      const isOpen = ({ state }: AccessRequest) => Number(state === 'open');
      return all.sort((a, b) => isOpen(b) - isOpen(a) || b.at.getTime() - a.at.getTime());
    },
    /** The open ones, the oldest first. For holders of `edit_policy`. */
    open: () => asking(table.open),
    /** One request; undefined if there is none. The caller checks who may see it. */
    find: (id: string) => asking(() => table.find(id)),
    /**
     * Ends a person's own request.
     * @throws {RegistryError} `not_found`, or `changed_meanwhile` if it is not open
     */
    withdraw(id: string, person: Pick<Person, 'sub' | 'username' | 'shownName'>): Promise<AccessRequest> {
      const settling = { state: 'withdrawn', by: actorOf(person as Person), words: '' } as const;
      return changing(() =>
        table.settle(id, settling, ({ by }) => {
          if (by.sub !== person.sub) throw new RegistryError('not_found', 'There is no such request.');
        }),
      );
    },
    /**
     * Answers an open request. The caller checks that `by` holds `edit_policy`.
     * @param by as `actorOf(person)` names them
     * @param words for the requester, at most 500 characters
     * @throws {RegistryError} `not_found`, `input_invalid`, or `changed_meanwhile` if it is not open any more
     */
    async answer(id: string, state: 'given' | 'refused', by: Actor, words = ''): Promise<AccessRequest> {
      const said = readWords(words, 'words');
      return await changing(() => table.settle(id, { state, by, words: said }));
    },
    /**
     * How many requests are open, from memory: at most some seconds old, because every page of an editor asks. Reads it in the
     * background; a database that does not answer leaves the last number.
     */
    count(): number {
      if (now() - known.at > countMilliseconds) recount().catch(() => undefined);
      return known.count;
    },
  };
}

function readWish({ server, tools, reason }: Wish): Wish {
  const names = [...new Set(tools)];
  if (names.length > requestBounds.tools)
    throw invalid('tools', `Name ${requestBounds.tools} tools at most, or none and say in words what you need.`);
  if (!names.every(isToolName)) throw invalid('tools', 'One of the tools has a name that no rule can have.');
  const said = readWords(reason, 'reason');
  if (said === '') throw invalid('reason', 'Say why you need it: who decides does not know your work.');
  return { server, tools: names, reason: said };
}

function readWords(text: string, path: string): string {
  // A form sends line ends as CR LF (HTML standard, "newline normalization").
  const words = text.replace(/\r\n?/g, '\n').trim();
  if ([...words].length > requestBounds.words)
    throw invalid(path, `This has ${[...words].length} letters: ${requestBounds.words} at most.`);
  return words.toWellFormed().replaceAll('\0', '');
}

/** The same words for a server that is not there and for one that the person may not know. */
function noServer(): RegistryError {
  return new RegistryError('not_found', 'There is no such server, or you may not see it.');
}

function invalid(path: string, message: string): RegistryError {
  return new RegistryError('input_invalid', message, { faults: [{ path, message }] });
}
