import { existsSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { bundledServerNames, bundledServers, registeredServerNames } from '../../../common/settings/bundled-servers.ts';

const read = (file: string) => readFileSync(file, 'utf8');
const servers = z.array(z.object({ name: z.string(), upstream: z.url() }));
const rows = Object.entries(bundledServers).map(([name, { port }]) => [name, port]);
const isRow = (row: unknown) => expect(rows).toContainEqual(row);

test('registry/servers.yml lists the bundled servers, at their default ports', () => {
  const listed = servers.parse(parse(read('registry/servers.yml')));
  const registered = registeredServerNames.map((name) => [name, bundledServers[name].port]);
  expect(listed.map(({ name, upstream }) => [name, Number(new URL(upstream).port)])).toEqual(registered);
});

test.each(bundledServerNames)('docker-compose.yml runs %s and checks its health at its port', (name) => {
  const service = parse(read('docker-compose.yml'), { merge: true }).services[name];
  expect(service.command).toEqual([`servers/${name}/main.ts`]);
  expect(service.environment.HEALTH_PORT).toBe(bundledServers[name].port);
  expect(existsSync(`servers/${name}/main.ts`)).toBe(true);
});

test('deploy/helm/manifests runs some of them, each at its port', () => {
  const listed = servers.parse(parse(read('deploy/helm/manifests/base/servers.yml')));
  expect(listed).not.toEqual([]);
  for (const { name, upstream } of listed) isRow([name, Number(new URL(upstream).port)]);
  const documents = parseAllDocuments(read('deploy/helm/manifests/base/servers.yaml')).map((one) => one.toJS());
  const ports = documents
    .filter(({ kind }) => kind === 'Service')
    .map((one) => [one.metadata.name, one.spec.ports[0].port]);
  expect(ports.map(([name]) => name)).toEqual(listed.map(({ name }) => name));
  for (const port of ports) isRow(port);
});
