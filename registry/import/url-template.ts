interface Input {
  value?: string | undefined;
  default?: string | undefined;
  isSecret?: boolean | undefined;
}

/**
 * Replaces each `{name}` by the variable's fixed or default value (`server.json`, "Input"). A secret stays out: addresses are
 * stored, shown and logged.
 * @returns the text, and the names of variables without a value
 */
export function fillIn(template: string, inputs: Readonly<Record<string, Input>>): { text: string; missing: string[] } {
  const missing: string[] = [];
  const text = template.replace(/\{([^{}]*)\}/g, (whole, name: string) => {
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    const value = input?.isSecret ? undefined : (input?.value ?? input?.default);
    if (value === undefined) missing.push(name);
    return value ?? whole;
  });
  return { text, missing };
}
