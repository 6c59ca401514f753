/** A part of a sentence: plain, code, or a word of another program, which is bold. */
export interface Words {
  kind: 'plain' | 'code' | 'bold';
  text: string;
}

/** Parts a sentence of Markdown that has code and bold words only. */
export function wordsOf(markdown: string): Words[] {
  return markdown
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/)
    .filter((text) => text !== '')
    .map((text) => {
      if (text.startsWith('`')) return { kind: 'code', text: text.slice(1, -1) };
      return text.startsWith('**') ? { kind: 'bold', text: text.slice(2, -2) } : { kind: 'plain', text };
    });
}
