import type { Component } from './bom.ts';

const fields = ['db:Status-Status', 'Package', 'Version', 'Architecture', 'source:Package', 'source:Version'];

/** The words of a command that prints the packages of Debian, one in a line. */
export const listDebian = ['dpkg-query', '-W', '-f', `${fields.map((field) => `\${${field}}`).join(' ')}\n`] as const;

/**
 * The system of an image and its packages.
 * @param osRelease the text of /etc/os-release
 * @param list what {@link listDebian} printed
 */
export function debianComponents(osRelease: string, list: string): Component[] {
  const id = /^ID="?(\w+)/m.exec(osRelease)?.[1] ?? 'debian';
  const version = /^VERSION_ID="?([^"\n]+)/m.exec(osRelease)?.[1] ?? 'unknown';
  const packages = list.split('\n').filter((line) => line.startsWith('installed '));
  return [
    { 'bom-ref': `${id}@${version}`, type: 'operating-system', name: id, version },
    ...packages.map((line) => componentOf(line, id, version)),
  ];
}

/** Debian publishes its security fixes by source package, which scanners read as `upstream`. */
function componentOf(line: string, id: string, distro: string): Component {
  const [, name = '', version = '', arch = '', source = name, sourceVersion = version] = line.split(' ');
  const upstream = sourceVersion === version ? source : `${source}@${sourceVersion}`;
  const query = new URLSearchParams({ arch, distro: `${id}-${distro}`, ...(upstream !== name && { upstream }) });
  const purl = `pkg:deb/${id}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${query}`;
  return { 'bom-ref': purl, type: 'library', name, version, purl };
}
