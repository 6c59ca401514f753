import { reveal } from '../../../common/text/reveal.ts';
import type { Need } from '../../../policy/review/conditions.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { shortened } from '../shared/format.ts';
import { indentedJson } from '../shared/indented-json.ts';
import { toolId, toolSegment } from '../shared/tool-id.ts';
import { argumentsOf, textLength } from './arguments.ts';

/** Characters of text on one page. The page is drawn in one go, for every visitor, and its browser must show it. */
const mostText = 1_000_000;
/** Characters of JSON on one page. After that, `json` is empty. */
const mostJson = 400_000;
/** Each tool's description is shown up to here, however much text there is. */
const leastText = 500;
const longestDescription = 10_000;
/** Characters of a description that a filter looks at. */
const mostWords = 300;
/** Arguments that the line of a tool names. */
const mostTaken = 6;

/** What the gate says to a person's calls of one tool. */
export interface ToolRight {
  /** `waits`: nothing until the tool is approved. */
  is: 'yes' | 'no' | 'waits';
  /** In words: what else has to hold. */
  condition?: string;
  /** The same as a word, for the line of the tool. */
  need?: Need | undefined;
  /** In words: how many calls there are. */
  limits?: readonly string[];
}

/**
 * The tools of a server for one person. Invisible characters are spelled out. Long texts are cut: all texts together are
 * bounded, because the server writes them.
 * @param rightOn what the gate says to calls of a tool
 */
export function shownTools(tools: readonly ToolInfo[], rightOn: (tool: string) => ToolRight) {
  let text = mostText;
  let json = mostJson;
  return tools.map((tool) => {
    const { name, title, description, inputSchema, annotations, page, note } = tool;
    const { is, condition = '', need, limits = [] } = rightOn(name);
    const longest = Math.min(Math.max(text, leastText), longestDescription);
    const shown = {
      id: toolId(name),
      segment: toolSegment(name),
      name: reveal(name),
      title: title === name ? '' : reveal(shortened(title ?? '', longest)),
      description: reveal(shortened(description ?? '', longest)),
      note: reveal(note ?? ''),
      kind: kindOf(annotations),
      hints: [...hintsOf(annotations), ...(page === undefined ? [] : ['brings a page'])],
      mayCall: is,
      ...{ condition, need, limits },
    };
    /** What a filter looks at. */
    const words = `${shown.name} ${shown.title} ${shortened(shown.description, mostWords)}`.toLowerCase();
    text -= shown.title.length + shown.description.length;
    const args = text > 0 ? argumentsOf(inputSchema) : [];
    text -= textLength(args);
    const whole = json > 0 && inputSchema ? jsonOf(tool) : '';
    json -= whole.length;
    const takes = args.slice(0, mostTaken).map(({ name: taken, required }) => `${taken}${required ? '' : '?'}`);
    if (args.length > mostTaken) takes.push('…');
    return { ...shown, words, takes: takes.join(', '), arguments: args, json: json >= 0 ? whole : '' };
  });
}

function jsonOf({ inputSchema, outputSchema, annotations }: ToolInfo): string {
  const definition = { inputSchema, ...(outputSchema && { outputSchema }), ...(annotations && { annotations }) };
  return reveal(indentedJson(definition));
}

/** MCP 2025-11-25, `ToolAnnotations`: unverified claims of the server. A tool that is silent may do everything. */
function kindOf(annotations: ToolInfo['annotations']): 'reads' | 'changes' | 'destroys' | 'silent' {
  const { readOnlyHint, destructiveHint } = annotations ?? {};
  if (readOnlyHint === true) return 'reads';
  if (destructiveHint === true) return 'destroys';
  return destructiveHint === false ? 'changes' : 'silent';
}

function hintsOf(annotations: ToolInfo['annotations']): string[] {
  const { readOnlyHint, destructiveHint, idempotentHint } = annotations ?? {};
  return [
    ...(readOnlyHint === true ? ['read-only'] : []),
    ...(destructiveHint === true && readOnlyHint !== true ? ['destructive'] : []),
    ...(idempotentHint === true && readOnlyHint !== true ? ['may be repeated'] : []),
  ];
}
