/** What is known about the variables of a template, by name. */
export type Inputs = Readonly<
  Record<string, { value?: string | undefined; default?: string | undefined; isSecret?: boolean | undefined }>
>;

/**
 * Fills `{name}` in with the variable's fixed or default value (`server.json`, "Input"). A secret is never filled in: an
 * address is shown, kept and logged.
 * @returns the text, and the variables without a value
 */
export function fillIn(template: string, inputs: Inputs): { text: string; missing: string[] } {
  const missing: string[] = [];
  const text = template.replace(/\{([^{}]*)\}/g, (whole, name: string) => {
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    const value = input?.isSecret ? undefined : (input?.value ?? input?.default);
    if (value === undefined) missing.push(name);
    return value ?? whole;
  });
  return { text, missing };
}
