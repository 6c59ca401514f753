const placeholder =
  /^<.*>$|^\$\{?\w+\}?$|(^|[^a-z])your[-_ ]|^change[-_ ]?(me|this)|^(todo|tbd|placeholder|replace[-_ ]?me)$|_(example|x{6,})$/i;

/**
 * What is wrong with a value before anybody looks at what it means: quotes that a shell or compose file left on it, or a
 * placeholder of a template that nobody replaced.
 * @param value trimmed
 * @returns the rest of a sentence after the variable's name; never the value
 */
export function spoiltBy(value: string): string | undefined {
  if (/^(["']).*\1$/s.test(value)) return 'has quotes around it, and they would count: leave them out';
  if (value.split(',').some((item) => placeholder.test(item.trim())))
    return 'is an example value (a placeholder such as your_…, <…> or changeme): put your own there';
  return undefined;
}
