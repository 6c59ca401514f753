const placeholder =
  /^<.*>$|^\$\{?\w+\}?$|(^|[^a-z])your[-_ ]|^change[-_ ]?(me|this)|^(todo|tbd|placeholder|replace[-_ ]?me)$|_(example|x{6,})$/i;

/**
 * What makes any value invalid, whatever the setting: quotes that a shell or compose file has left around it, or a
 * placeholder of a template.
 * @param value without surrounding white space
 * @returns the rest of a sentence after the variable's name; never the value
 */
export function invalidSetting(value: string): string | undefined {
  if (/^(["']).*\1$/s.test(value)) return 'has quotes around it, which would be part of the value: leave them out';
  if (value.split(',').some((item) => placeholder.test(item.trim())))
    return 'is an example value (a placeholder such as your_…, <…> or changeme): set your own';
  return undefined;
}
