import type { Shell } from '../shell.ts';
import type { Bom, Component } from './bom.ts';
import { debianComponents, listDebian } from './debian.ts';
import { listNpm, npmComponents } from './npm.ts';

/** An image of the release. */
interface Image {
  /** Such as `mcp-gateway-registry:1.0.0`. */
  tag: string;
  hasNode: boolean;
}

/**
 * The bill of materials of an image: what is installed in it.
 * @param ofPackage the bill of materials of the npm package, whose parts are in the image too
 */
export function imageBom(shell: Shell, { tag, hasNode }: Image, ofPackage: Bom): Bom {
  const inside = (program: string, ...words: string[]) =>
    shell('docker', 'run', '--rm', '--network', 'none', '--entrypoint', program, tag, ...words);
  const [name = '', version = ''] = tag.split(':');
  const { $schema, bomFormat, specVersion, metadata } = ofPackage;
  const { licenses = [] } = metadata.component;
  const component: Component = { 'bom-ref': tag, type: 'container', name, version, licenses };
  const components = [
    ...debianComponents(inside('cat', '/etc/os-release'), inside(...listDebian)),
    ...(hasNode ? npmComponents(inside('node', '-e', listNpm), ofPackage.components) : []),
  ];
  return {
    $schema,
    bomFormat,
    specVersion,
    version: 1,
    metadata: { timestamp: metadata.timestamp, component },
    components,
  };
}
