import type { FoundTool } from '../toolbox.ts';
import { without } from './entities.ts';
import { type Filled, fill, type Material } from './fill.ts';
import { contentWords, wordsOf } from './words.ts';

/** A tool with the arguments that the message gives it. */
export interface Candidate {
  found: FoundTool;
  filled: Filled;
  /** How much of what the message says this tool has to do with, 0 to 1. */
  fit: number;
  /** Words of the message that this tool has nothing to do with. */
  ignored: readonly string[];
}

/** More than half of what is said has to be the tool's business; otherwise no answer is better than another one. */
const leastFit = 0.5;

/**
 * The tool that fits a message best: the finder's order, how much of the message is in the tool's words, and how much of
 * what the message holds becomes an argument. A description can only make words count; it is never followed.
 * @param tools the best first
 * @returns undefined if none fits
 */
export function pick(tools: readonly FoundTool[], material: Material): Candidate | undefined {
  const top = Math.max(...tools.map(({ score }) => score), 0);
  const ranked = tools
    .map((found) => {
      const candidate = candidateOf(found, material);
      const order = top > 0 ? found.score / top : 0;
      const use = material.entities.length > 0 ? candidate.filled.used.size / material.entities.length : 0;
      const missing = Math.min(candidate.filled.missing.length, 4) * 0.25;
      return { candidate, value: order * 0.5 + candidate.fit + use - missing + candidate.filled.words.size * 0.1 };
    })
    .filter(({ candidate }) => candidate.fit > leastFit)
    .toSorted((a, b) => b.value - a.value);
  return ranked[0]?.candidate;
}

function candidateOf(found: FoundTool, material: Material): Candidate {
  const filled = fill(found.schema, material);
  // What became an argument says nothing about which tool is meant: "Tokyo" stands in no description.
  const said = contentWords(without(material.explicit.rest, filled.used)).filter((word) => !filled.words.has(word));
  const ofName = new Set(wordsOf(found.tool));
  const ofText = new Set([
    ...wordsOf(found.description),
    ...wordsOf(found.server),
    ...Object.keys(found.schema.properties ?? {}).flatMap(wordsOf),
  ]);
  const weights = said.map((word) => (ofName.has(word) ? 1 : ofText.has(word) ? 0.8 : 0));
  const named = filled.words.size;
  const total = said.length + named;
  const fit = total === 0 ? 0 : (weights.reduce<number>((sum, weight) => sum + weight, 0) + named) / total;
  return { found, filled, fit, ignored: said.filter((_, index) => weights[index] === 0) };
}
