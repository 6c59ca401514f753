/** Every fault of a configuration at once. The message lists them, one a line, and can be shown to the operator as it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  /**
   * @param faults each begins with where it is: a variable's name, or a line and a path
   * @param subject what cannot be used, as the first words of a sentence
   */
  constructor(faults: readonly string[], subject = 'The configuration') {
    super(`${subject} cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Calls `work`.
 * @returns its result, or the faults of the {@link ConfigError} that it throws
 * @throws every other error
 */
export function attempt<T>(
  work: () => T,
): { value: T; faults: readonly never[] } | { value: undefined; faults: readonly string[] } {
  try {
    return { value: work(), faults: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { value: undefined, faults: error.faults };
    throw error;
  }
}
