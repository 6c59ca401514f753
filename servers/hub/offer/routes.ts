import { type NamedKind, ownerOf } from '../../../policy/offered-names.ts';
import type { Member, Route } from '../../broker/exchange.ts';
import { keyOf, type ListName, listings } from './lists.ts';
import type { Picture, PictureMember } from './picture.ts';
import { fitsTemplate } from './uri-templates.ts';

/** Finds the members that a request of a client is for. */
export interface Routes {
  /** By the name of a tool or a prompt as the client knows it; undefined if it leads to no member. */
  named(name: string, kind: NamedKind): Route | undefined;
  /**
   * By the URI of a resource, or by a template itself: members whose lists have it, then those of which a template fits. If none
   * does, all that have resources: a link in a result need not stand in a list.
   */
  located(uri: string): Route[];
}

/**
 * @param listed whether only what the picture lists can be called, as in a set with chosen tools. Otherwise the gate alone
 *   judges, because a server may have more tools than at its last check
 */
export function createRoutes({ members }: Picture, listed: boolean): Routes {
  const offered = members.filter(({ leftOut }) => leftOut === undefined);
  const byServer = new Map(offered.map((member) => [member.server, member]));
  const lookUp = createLookUp();
  const routeTo = (member: PictureMember, name: string, kind: NamedKind): Route => {
    const definition = kind === 'tool' ? lookUp(member, 'tools').get(name) : undefined;
    return { member: memberOf(member), name, ...(definition !== undefined && { definition }) };
  };
  return {
    named(name, kind) {
      const list = kind === 'tool' ? 'tools' : 'prompts';
      const owner = ownerOf(name);
      const owning = owner && byServer.get(owner.server);
      if (owning && owning.prefix !== 'never' && (!listed || lookUp(owning, list).has(owner.name)))
        return routeTo(owning, owner.name, kind);
      const plain = owner ? undefined : offered.find((each) => each.prefix === 'never' && lookUp(each, list).has(name));
      return plain && routeTo(plain, name, kind);
    },
    located(uri) {
      const has = offered.filter((each) => lookUp(each, 'resources').has(uri) || lookUp(each, 'templates').has(uri));
      const fits = offered.filter((each) =>
        lookUp(each, 'templates')
          .keys()
          .some((one) => fitsTemplate(one, uri)),
      );
      const best = [...new Set([...has, ...fits])];
      const any = offered.filter(({ resources, templates }) => resources.length + templates.length > 0);
      return (best.length > 0 ? best : any).map((member) => ({ member: memberOf(member) }));
    },
  };
}

function memberOf({ server, era, sampling, pages, transport }: PictureMember): Member {
  return { server, era, ...(sampling && { sampling }), ...(pages && { pages }), ...(transport && { transport }) };
}

/** The elements of one list of a member by name or URI, read when they are first asked for. */
function createLookUp() {
  const known = new Map<readonly string[], ReadonlyMap<string, string>>();
  return (member: PictureMember, list: ListName): ReadonlyMap<string, string> => {
    const texts = member[list];
    const found = known.get(texts) ?? byKey(texts, listings[list].key);
    known.set(texts, found);
    return found;
  };
}

function byKey(texts: readonly string[], key: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    const name = keyOf(text, key);
    if (name !== undefined && !found.has(name)) found.set(name, text);
  }
  return found;
}
