import type { shownTools } from './tools.ts';
import { type ServerView, serverHref } from './view.ts';

type ShownTool = ReturnType<typeof shownTools>[number];

/** Groups by what a server says of its tools, in their order. MCP 2025-11-25, "ToolAnnotations": claims, not facts. */
const kinds: readonly { kind: ShownTool['kind']; label: string; says: string }[] = [
  { kind: 'reads', label: 'Only reads', says: 'It says that it changes nothing.' },
  { kind: 'changes', label: 'Changes something', says: 'It says that it destroys nothing.' },
  { kind: 'destroys', label: 'May destroy', says: 'It says so.' },
  { kind: 'silent', label: 'Without a hint', says: 'It does not say what it changes. MCP lets such a tool destroy.' },
];

/**
 * The tools that `view` asks for, in groups, and the filters with their counts.
 * @param review names of the tools that wait for approval
 */
export function toolGroups(tools: readonly ShownTool[], review: ReadonlySet<string>, view: ServerView, server: string) {
  const isShown = {
    all: () => true,
    callable: (tool: ShownTool) => tool.mayCall === 'yes',
    review: (tool: ShownTool) => review.has(tool.id),
  };
  const words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = tools.filter((tool) => isShown[view.show](tool) && words.every((word) => tool.words.includes(word)));
  const filter = (show: ServerView['show'], label: string) => ({
    show,
    label,
    href: serverHref(server, { ...view, show }),
    count: tools.filter(isShown[show]).length,
    current: view.show === show,
  });
  const toReview = filter('review', 'To review');
  return {
    filters: [
      filter('all', 'All'),
      filter('callable', 'You may call'),
      ...(toReview.count > 0 || toReview.current ? [toReview] : []),
    ],
    groups: kinds.flatMap(({ kind, label, says }) => {
      const own = found.filter((tool) => tool.kind === kind);
      return own.length > 0 ? [{ kind, label, says, tools: own }] : [];
    }),
  };
}
