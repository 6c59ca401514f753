import { cleanText } from '../../common/text/clean.ts';
import type { Change, FoundTool, Service, ServiceCheck, ServiceDetails, Tool } from './answers.ts';

/** Whether every word of `query` occurs in what the registry's list says about the server, in any case. */
export function fits(service: Service, query: string): boolean {
  const about = [service.name, service.title, service.description, ...service.tags].join('\n').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => about.includes(word));
}

/** The list for a reader, one server after the other; for an empty list why it is empty and what to do. */
export function listText(services: readonly Service[], query: string): string {
  if (services.length === 0)
    return query.trim()
      ? `No server that you may see fits ${JSON.stringify(query)}. Without a query list_services shows all.`
      : 'There is no server that you may see. Ask the administrator of the registry for access.';
  return services.map(serviceText).join('\n\n');
}

/** One server for a reader; what goes beyond the list's fields follows as JSON. */
export function detailsText(details: ServiceDetails): string {
  const {
    name: _n,
    title: _t,
    description: _d,
    tags: _g,
    transports: _r,
    endpoints: _e,
    status: _s,
    enabled: _b,
    checked_at: _c,
    ...more
  } = details;
  const rest = Object.entries(more).map(([key, value]) => `  ${line(key)}: ${JSON.stringify(value)}`);
  return [serviceText(details), ...rest].join('\n');
}

/** The tools of one server for a reader. */
export function toolsText(server: string, tools: readonly Tool[]): string {
  if (tools.length === 0)
    return `${line(server)} has announced no tools to the registry yet. refresh_service asks it now.`;
  return tools.map(({ name, title, description }) => `${line(name)}: ${line(description ?? title ?? '')}`).join('\n');
}

/** Tools that were found, each with where it is and how to call it; of none, why. */
export function foundText(tools: readonly FoundTool[], why: string | null): string {
  if (tools.length === 0) return why ?? 'No tool fits.';
  return tools.map(foundToolText).join('\n\n');
}

function foundToolText({ server, tool, title, description, input_schema, endpoints, score }: FoundTool): string {
  return [
    `${line(tool)} on ${line(server)} (score ${score})`,
    ...[description ?? title ?? ''].filter(Boolean).map((text) => `  ${line(text)}`),
    ...Object.entries(endpoints).map(([transport, url]) => `  ${line(transport)}: ${line(url)}`),
    `  call: tools/call with name ${JSON.stringify(tool)} and arguments that fit ${JSON.stringify(input_schema ?? {})}`,
  ].join('\n');
}

/** What came of a change, with what the caller should know besides. */
export function changeText(what: string, { server, route, warnings }: Change): string {
  return [
    `${what}.`,
    ...(route === 'ok' ? [] : ['nginx has not said yet that it took the change; it takes a second or two.']),
    ...warnings.map(line),
    ...(server ? ['', serviceText(server)] : []),
  ].join('\n');
}

/** What a check found. */
export function checkText({ name, status, error, tools }: ServiceCheck): string {
  const found = tools.length > 0 ? `\n\n${toolsText(name, tools)}` : '';
  return `${line(name)} is ${line(status)}.${error ? ` ${line(error)}` : ''}${found}`;
}

/** How many servers are in which state, then each. */
export function healthText(
  services: readonly { name: string; state: string; checked_at: string | null }[],
  states: Readonly<Record<string, number>>,
): string {
  if (services.length === 0) return listText([], '');
  const counts = Object.entries(states).map(([state, count]) => `${count} ${line(state)}`);
  const each = services.map(({ name, state, checked_at }) => {
    return `${line(name)}: ${line(state)}${checked_at ? `, checked at ${line(checked_at)}` : ''}`;
  });
  return [counts.join(', '), ...each].join('\n');
}

function serviceText(service: Service): string {
  const { name, title, description, tags, endpoints, enabled, status } = service;
  return [
    `${line(name)}${title ? `: ${line(title)}` : ''} (${enabled ? line(status) : 'disabled'})`,
    ...(description ? [`  ${line(description)}`] : []),
    ...(tags.length ? [`  tags: ${tags.map(line).join(', ')}`] : []),
    ...Object.entries(endpoints).map(([transport, url]) => `  ${line(transport)}: ${line(url)}`),
  ].join('\n');
}

/** One line: a line break in a description could otherwise pass for another server's entry. */
function line(text: string): string {
  return cleanText(text, { replace: ' ' }).replace(/\s+/g, ' ').trim();
}
