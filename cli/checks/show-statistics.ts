import { FIGURES } from '../../contracts/statistics.js';
import type {
  ColumnFigures,
  ColumnStatistics,
  SideFigures,
  StatisticsReport,
  TableStatistics,
} from '../../contracts/statistics.js';
import { secretKeyFile } from '../../platform/secrets/key-files.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import { countText, escapedText, printable, safeJson, textTable } from '../text-table.js';
import { reportOf } from './report-of.js';

export interface ShowOptions {
  readonly reveal?: boolean;
  readonly json?: boolean;
}

/** `caravan statistics`: both sides of every column; figures that give values away only with `reveal`. */
export async function runStatistics(context: CliContext, migrationId: string, options: ShowOptions): Promise<number> {
  const { reveal = false, json = false } = options;
  return withSession(
    context,
    async (session) => {
      const { sealed, ...report } = await reportOf<StatisticsReport>(session, migrationId, 'statistics');
      const figures = reveal ? opened(context, sealed) : [];
      if (json) context.print(safeJson({ migrationId, ...report, ...(reveal && { figures }) }));
      else for (const line of statisticsLines(report, figures)) context.print(line);
      return 0;
    },
    { loud: !json },
  );
}

function opened({ config }: CliContext, sealed: string): ColumnFigures[] {
  const box = openSecretBox({ key: config.secretKey, keyFile: secretKeyFile(config.home) });
  return JSON.parse(box.open(Buffer.from(sealed, 'base64'), FIGURES).toString()) as ColumnFigures[];
}

type Shown = Omit<StatisticsReport, 'sealed'>;

/** One block a table; the figures of a column stand below it, source first. */
export function statisticsLines(
  { tables, byRows, falseAlarmRate }: Shown,
  figures: readonly ColumnFigures[],
): string[] {
  const known = new Map(figures.map((column) => [`${column.table}\0${column.column}`, column]));
  const tested = tables.flatMap(({ columns }) => columns).filter(({ p }) => p !== undefined).length;
  return [
    ...tables.flatMap((table) => [...tableLines(table), ...figureLines(table, known), '']),
    ...byRows.map((table) => `${printable(table)}: its figures follow from its rows, each of which was proven equal`),
    `${countText(tested)} columns were tested, at a rate of false alarms of ${String(100 * falseAlarmRate)} % over all of them.`,
    ...(figures.length > 0 ? [] : ['Sums, means, quantiles and frequent values: --reveal.']),
  ];
}

const HEAD = ['COLUMN', 'EXPECTED', 'VERDICT', 'NULLS', 'THERE', 'FIGURES', 'P', 'Q', 'PSI', 'WHAT'];

function tableLines({ source, target, sourceRows, targetRows, sampled, columns }: TableStatistics): string[] {
  const seen = sampled.target === 0 ? 'no sample' : `${countText(sampled.target)} looked at`;
  const rows = `${countText(sourceRows)} and ${countText(targetRows)} rows, ${seen}`;
  const lines = textTable([HEAD, ...columns.map(columnCells)], [3, 4, 5, 6, 7, 8]);
  return [`${printable(source)} and ${printable(target)}: ${rows}`, ...lines.map((line) => `  ${line}`)];
}

function columnCells(column: ColumnStatistics): string[] {
  const { source, expected, verdict, nulls, compared, p, q, psi } = column;
  return [
    printable(source),
    expected,
    verdict,
    countText(nulls.source),
    countText(nulls.target),
    countText(compared),
    chanceText(p),
    chanceText(q),
    psi === undefined ? '-' : psi.toFixed(3),
    whatText(column),
  ];
}

function chanceText(chance: number | undefined): string {
  if (chance === undefined) return '-';
  return chance >= 0.001 || chance === 0 ? chance.toFixed(3) : chance.toExponential(0);
}

function whatText({ differing, tests, why = '' }: ColumnStatistics): string {
  if (differing.length > 0) return `not the same: ${differing.join(', ')}`;
  return why === ''
    ? tests.map(({ test, of, statistic }) => `${test} of ${of} ${statistic.toPrecision(3)}`).join(', ')
    : why;
}

function figureLines(table: TableStatistics, known: ReadonlyMap<string, ColumnFigures>): string[] {
  return table.columns.flatMap((column) => {
    const figures = known.get(`${table.source}\0${column.source}`);
    if (figures === undefined) return [];
    const lines = [`source ${sideText(figures.source)}`, `target ${sideText(figures.target)}`];
    return [`    ${printable(column.source)}`, ...lines.map((line) => `      ${line}`)];
  });
}

function sideText({ sum, min, max, distinct, mean, deviation, quantiles, lengths, top }: SideFigures): string {
  const number = (value: number | undefined): string | undefined => value?.toPrecision(6);
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['sum', sum],
    ['min', min],
    ['max', max],
    ['distinct', distinct === undefined ? undefined : countText(distinct)],
    ['mean', number(mean)],
    ['sd', number(deviation)],
    ['5/25/50/75/95 %', quantiles?.map((value) => value.toPrecision(6)).join(' ')],
    ['lengths', lengths && `${String(lengths.min)} to ${String(lengths.max)}, mean ${lengths.mean.toPrecision(4)}`],
    ['often', top?.map(({ value, count }) => `"${escapedText(value)}" ${countText(count)}`).join(', ')],
  ];
  return parts.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [`${name} ${text}`])).join('; ');
}
