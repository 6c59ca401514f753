import { cleanText } from '../../common/text/clean.ts';
import {
  type Change,
  type FoundTool,
  type Service,
  type ServiceCheck,
  type ServiceDetails,
  serviceSchema,
  type Tool,
} from './answers.ts';

/** Whether every word of `query` occurs in the server's name, title, description or tags, ignoring case. */
export function fits(service: Service, query: string): boolean {
  const about = [service.name, service.title, service.description, ...service.tags].join('\n').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => about.includes(word));
}

/** The list of servers as text; for an empty list the reason and what to do. */
export function listText(services: readonly Service[], query: string): string {
  if (services.length === 0)
    return query.trim()
      ? `No server that you may see fits ${JSON.stringify(query)}. Without a query list_services shows all.`
      : 'You may not see any server. Ask the administrator of the registry for access.';
  return services.map(serviceText).join('\n\n');
}

/** One server as text, with its additional fields as JSON. */
export function detailsText(details: ServiceDetails): string {
  const more = Object.entries(details).filter(([key]) => !Object.hasOwn(serviceSchema.shape, key));
  return [serviceText(details), ...more.map(([key, value]) => `  ${line(key)}: ${JSON.stringify(value)}`)].join('\n');
}

/** The tools of one server as text. */
export function toolsText(server: string, tools: readonly Tool[]): string {
  if (tools.length === 0)
    return `${line(server)} has listed no tools for the registry yet. refresh_service checks it now.`;
  return tools.map(({ name, title, description }) => `${line(name)}: ${line(description ?? title ?? '')}`).join('\n');
}

/** Found tools as text, each with its server and how to call it; without any the reason. */
export function foundText(tools: readonly FoundTool[], why: string | null): string {
  if (tools.length === 0) return why ?? 'No tool fits.';
  return tools.map(foundToolText).join('\n\n');
}

function foundToolText(found: FoundTool): string {
  const { server, tool, title, description, input_schema, endpoints, score, note } = found;
  return [
    `${line(tool)} on ${line(server)} (score ${score})`,
    ...[description ?? title ?? ''].filter(Boolean).map((text) => `  ${line(text)}`),
    ...Object.entries(endpoints).map(([transport, url]) => `  ${line(transport)}: ${line(url)}`),
    `  call: ${callerFor(found)} with server ${JSON.stringify(server)}, tool ${JSON.stringify(tool)} and arguments that fit ${note ?? JSON.stringify(input_schema ?? {})}`,
    `  or, connected to its server: tools/call with name ${JSON.stringify(tool)} and the same arguments`,
  ].join('\n');
}

/** The tool of mcpgw that calls a tool. */
export function callerFor({ read_only }: Pick<FoundTool, 'read_only'>): 'call_read_only_tool' | 'call_tool' {
  return read_only ? 'call_read_only_tool' : 'call_tool';
}

/** The result of a change as text, with its warnings. */
export function changeText(what: string, { server, route, warnings }: Change): string {
  return [
    `${what}.`,
    ...(route === 'ok' ? [] : ['nginx has not confirmed the change yet, which takes a second or two.']),
    ...warnings.map(line),
    ...(server ? ['', serviceText(server)] : []),
  ].join('\n');
}

/** The result of a check as text. */
export function checkText({ name, status, error, tools }: ServiceCheck): string {
  const found = tools.length > 0 ? `\n\n${toolsText(name, tools)}` : '';
  return `${line(name)} is ${line(status)}.${error ? ` ${line(error)}` : ''}${found}`;
}

/** The number of servers by state, then each server. */
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

/** One line, because a line break in a description could fake the entry of another server. */
function line(text: string): string {
  return cleanText(text, { replace: ' ' }).replace(/\s+/g, ' ').trim();
}
