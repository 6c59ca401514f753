import * as z from 'zod';
import { http as nodeHttp } from './http.ts';

/** A proxy's address. As in other programs, the scheme may be missing. */
export const proxyUrl = z.string().transform((text, ctx) => {
  const url = URL.parse(/^\w+:\/\//.test(text) ? text : `http://${text}`);
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  ctx.addIssue('must be the address of an HTTP proxy, such as http://proxy.example.com:3128');
  return z.NEVER;
});

/** This machine. Node knows IPv6 addresses without brackets for `http`, and with them for `fetch`. */
const loopback = ['localhost', '127.0.0.1', '::1', '[::1]'];
const internal = /^(COGNITO_LOCAL_ENDPOINT|\w+_INTERNAL_URL)$/;

/** Whether https addresses outside are asked through a proxy, which then resolves their names. */
export function hasHttpsProxy(env: NodeJS.ProcessEnv): boolean {
  return proxiesOf(env).https !== undefined;
}

function proxiesOf(env: NodeJS.ProcessEnv) {
  const given = (name: string) => env[name.toLowerCase()]?.trim() || env[name]?.trim() || undefined;
  const except = given('NO_PROXY');
  const proxyOf = (name: string) => (except === '*' ? undefined : proxyUrl.safeParse(given(name)).data);
  return { http: proxyOf('HTTP_PROXY'), https: proxyOf('HTTPS_PROXY'), except };
}

/**
 * Sends what this process requests from outside through the proxy that the environment names, if it names one: all `fetch`,
 * and `http` and `https` without an agent of their own (Node, "Built-in Proxy Support"). The names may also be in small
 * letters. Never through it: this machine, and the gateway's own services, which the settings name.
 * @returns undoes it
 */
export function useEnvProxy(env: NodeJS.ProcessEnv): () => void {
  const { http, https, except } = proxiesOf(env);
  if (http === undefined && https === undefined) return () => undefined;
  const own = Object.entries(env).flatMap(([name, value = '']) => {
    const host = internal.test(name) ? URL.parse(value.trim())?.hostname : undefined;
    return host ? [host] : [];
  });
  return nodeHttp.setGlobalProxyFromEnv({
    ...(http !== undefined && { HTTP_PROXY: http }),
    ...(https !== undefined && { HTTPS_PROXY: https }),
    NO_PROXY: [except ?? '', ...loopback, ...own].filter(Boolean).join(','),
  });
}
