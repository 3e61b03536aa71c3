import type { Compared, Sides } from './compare.js';
import { compareAnswers } from './compare.js';

/** Do both sides have one order once the rows whose first key is NULL stand behind the others on both? */
export function isSameWithNullsMoved(sides: Sides, compared: Compared): boolean {
  const key = compared.orderBy.keys[0]?.output;
  if (key === undefined) return false;
  const moved = ({ columns, rows }: Sides['source']): Sides['source'] => {
    const [nulls, others] = [rows.filter((row) => row[key] === null), rows.filter((row) => row[key] !== null)];
    return { columns, rows: [...others, ...nulls] };
  };
  if (!sides.source.rows.some((row) => row[key] === null)) return false;
  return compareAnswers({ source: moved(sides.source), target: moved(sides.target) }, compared).outcome === 'equal';
}
