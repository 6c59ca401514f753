import type { Part } from '../../../attack/hostile/parts.ts';
import { partsOf as partsBySettings } from '../../../attack/hostile/prepare.ts';
import { type Gateway, portsAsSettings } from './gateway.ts';

/** The processes of a gateway, by their metrics. */
export function partsOf({ ports }: Gateway): Part[] {
  return partsBySettings(portsAsSettings(ports));
}
