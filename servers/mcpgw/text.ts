import type { Service, ServiceDetails } from './registry-client.ts';

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
    ...more
  } = details;
  const rest = Object.entries(more).map(([key, value]) => `  ${line(key)}: ${JSON.stringify(value)}`);
  return [serviceText(details), ...rest].join('\n');
}

function serviceText(service: Service): string {
  const { name, title, description, tags, endpoints, status } = service;
  return [
    `${line(name)}${title ? `: ${line(title)}` : ''} (${line(status)})`,
    ...(description ? [`  ${line(description)}`] : []),
    ...(tags.length ? [`  tags: ${tags.map(line).join(', ')}`] : []),
    ...Object.entries(endpoints).map(([transport, url]) => `  ${line(transport)}: ${line(url)}`),
  ].join('\n');
}

/** One line: a line break in a description could otherwise pass for another server's entry. */
function line(text: string): string {
  return text.replace(/[\s\p{C}]+/gu, ' ').trim();
}
