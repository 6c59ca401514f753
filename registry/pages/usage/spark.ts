import { round } from './slots.ts';

/** The size of a sparkline in pixels. The line stays inside by its own width. */
const [width, height, edge] = [88, 20, 1];

/** The course of a number in a few pixels, without words: as a line, and as the area below it. Undefined of less than two numbers. */
export function sparkOf(numbers: readonly number[]): { line: string; area: string } | undefined {
  if (numbers.length < 2) return undefined;
  const most = Math.max(1, ...numbers);
  const step = (width - 2 * edge) / (numbers.length - 1);
  const points = numbers.map((each, i) => {
    return `${round(edge + i * step)},${round(height - edge - (each / most) * (height - 2 * edge))}`;
  });
  const line = points.join(' ');
  return { line, area: `${edge},${height} ${line} ${width - edge},${height}` };
}
