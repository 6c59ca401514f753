import { cleanText } from '../../common/text/clean.ts';
import { resourceOf } from '../identity/resource.ts';
import { kindOfResource, type ResourceKind } from '../oauth/consent/permits.ts';

/** What a person wants a token for, as the form sends it. */
export interface Wanted {
  name: string;
  server: string;
  hours: number;
}

export const longestName = 60;

/**
 * Reads the form.
 * @param mostDays the longest life of a token
 * @returns what the form said, cleaned; and the canonical resource and its kind, or what is wrong with it
 */
export function readWanted(publicUrl: string, mostDays: number, form: unknown) {
  const said = (form ?? {}) as Record<string, unknown>;
  const text = (name: string) => (typeof said[name] === 'string' ? cleanText(said[name], { replace: ' ' }).trim() : '');
  const wanted: Wanted = { name: text('name'), server: text('server').slice(0, 500), hours: Number(text('hours')) };
  const place = placeOf(publicUrl, wanted.server);
  const { name, hours } = wanted;
  if (name === '' || name.length > longestName)
    return { wanted, fault: `Give it a name of up to ${longestName} letters.` };
  if (!Number.isInteger(hours) || hours < 1 || hours > mostDays * 24)
    return { wanted, fault: `Choose a time from 1 hour to ${mostDays} days.` };
  if (!place) return { wanted, fault: "Give a server's name, or its address here." };
  return { wanted, place };
}

/** What a person means by the name of a server, or by its address: also all of them, at their one address. */
function placeOf(publicUrl: string, value: string): { resource: string; kind: ResourceKind } | undefined {
  const resource = resourceOf(publicUrl, value.includes('/') ? value : `${publicUrl}/${value}/mcp`);
  const kind = resource === undefined ? undefined : kindOfResource(publicUrl, resource);
  if (resource === undefined || kind === undefined || kind.kind === 'api') return undefined;
  return { resource, kind };
}
