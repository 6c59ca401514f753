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
