/**
 * The floor plan: who may import whom. Run by `npm run plan`; tests/unit/plan.test.ts breaks each rule once.
 *
 * Each list reads from top to bottom. A part may import the parts below its own line, never one above it, and parts that
 * share a line never import each other. Type imports count.
 */
const house = [
  ['release'],
  ['bin'],
  ['bench', 'attack', 'container'],
  ['launch'],
  ['operations'],
  ['stand-in'],
  ['agents'],
  ['auth-server', 'registry', 'relay', 'servers'],
  ['common'],
  ['policy'],
];

/** The rooms of a part, the same way. `.` stands for the files of the part's own folder. */
const rooms = {
  'auth-server':
    '. process connect|approvals personal versions people account oauth gate login accounts holds limits decisions audit identity delegation cognito request keys store denials',
  'auth-server/audit': 'thread keep write export read|usage|replay|outside chain store .',
  'auth-server/audit/usage': '. answers sums',
  registry:
    '. pages api import editing hub requests search health icons pins routing doors access store servers errors',
  'registry/pages':
    'live access|sets|owner list|details|forms|rights|account|people|try|palette limits usage audit shared',
  'registry/pages/access': '. matrix|give|versions change shared',
  'registry/api': 'openapi v0|original|.|people shared',
  agents: '. commands agent|login gateway token lib',
  'stand-in': '. endpoints pool',
  relay: '. passing callers upstream',
  common: 'policy doors upstream-secrets service database settings identity files network answers time text',
  policy: 'review . arguments patterns|request',
  'policy/review': 'lint . compare',
};

const inside = (part, room) => (room === '.' ? `^${part}/[^/]+\\.ts$` : `^${part}/${room}/`);

function layers(name, lines, pathOf) {
  return lines.flatMap((line, i) =>
    line.flatMap((one) => {
      const forbidden = [...lines.slice(0, i).flat(), ...line.filter((other) => other !== one)];
      if (forbidden.length === 0) return [];
      const rule = { severity: 'error', from: { path: pathOf(one) }, to: { path: forbidden.map(pathOf) } };
      return [{ name: `${name}: ${one} imports nothing above or beside it`, ...rule }];
    }),
  );
}

export default {
  forbidden: [
    ...layers('the house', house, (part) => `^${part}/`),
    ...Object.entries(rooms).flatMap(([part, text]) =>
      layers(
        part,
        text.split(' ').map((line) => line.split('|')),
        (room) => inside(part, room),
      ),
    ),
    {
      name: 'no circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'policy is pure: no input or output, no package but its YAML reader',
      severity: 'error',
      from: { path: '^policy/' },
      to: { pathNot: ['^policy/', '^node_modules/yaml/', '^node_modules/zod/'] },
    },
    {
      name: 'the product takes nothing from the tests',
      severity: 'error',
      from: { pathNot: '^tests/' },
      to: { path: '^tests/' },
    },
    {
      name: 'every import is found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(data|reports|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
