/** What a JSON value is made of. */
export interface Weight {
  /** Members of all objects together. */
  members: number;
  /** Values and keys. */
  values: number;
  /** About how much memory it takes. */
  bytes: number;
}

/** Measured with `[]`, `{}` and different keys, the most expensive values of two or three characters. */
const bytesOfValue = 48;
const bytesOfCharacter = 2;

/** Weighs a value of `JSON.parse`, which keeps one of two equal keys. */
export function weigh(value: unknown): Weight {
  const weight: Weight = { members: 0, values: 0, bytes: 0 };
  add(weight, value);
  return weight;
}

function add(weight: Weight, value: unknown): void {
  weight.values += 1;
  weight.bytes += bytesOfValue;
  if (typeof value === 'string') weight.bytes += value.length * bytesOfCharacter;
  else if (Array.isArray(value)) for (const each of value) add(weight, each);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      weight.members += 1;
      weight.values += 1;
      weight.bytes += bytesOfValue + key.length * bytesOfCharacter;
      add(weight, each);
    }
  }
}
