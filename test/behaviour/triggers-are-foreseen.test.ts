import { describe, expect, it } from 'vitest';
import { changedBy, eventsOf, firedBy, writtenBy } from '../../activities/validator/checks/queries/triggers.js';
import type { WorkloadQuery } from '../../contracts/workload.js';
import type { Replica, WriteEvent } from '../../databases/asking.js';
import { triggersByTable } from '../../databases/trigger-changes.js';

const TABLES = ['shop.film', 'shop.film_text', 'shop.log', 'shop.rental'];
const OTHERS = ['shop.recent', 'shop.tidy'];

function replicaWith(...triggers: (readonly [string, WriteEvent, string])[]): Replica {
  const written = triggers.map(([table, event, body]) => ({ table, event, body }));
  const known = { tables: TABLES, others: OTHERS };
  const nothing = (): never => expect.unreachable('nothing is written');
  return { untransactional: new Set(), triggers: triggersByTable(written, known), writing: nothing, close: nothing };
}

function changes(replica: Replica, table: string, ...events: WriteEvent[]): string[] | 'any' {
  const changed = changedBy(replica, firedBy(replica, [table], new Set(events)));
  return changed === 'any' ? changed : [...changed].toSorted();
}

describe('what triggers may change', () => {
  it('are the tables that their bodies name, and what the triggers of those name', () => {
    const replica = replicaWith(
      ['shop.film', 'insert', 'INSERT INTO `film_text` VALUES (NEW.film_id)'],
      ['shop.film_text', 'insert', 'BEGIN UPDATE Log SET n = n + 1; END'],
    );
    expect(changes(replica, 'shop.film', 'insert')).toEqual(['shop.film_text', 'shop.log']);
    expect(changes(replica, 'other.FILM', 'insert')).toEqual(['shop.film_text', 'shop.log']);
    expect(changes(replica, 'shop.film', 'update', 'delete')).toEqual([]);
  });

  it('is nothing but the row itself where no table is named', () => {
    const replica = replicaWith(['shop.rental', 'insert', 'SET NEW.rental_date = NOW()']);
    expect(changes(replica, 'shop.rental', 'insert')).toEqual([]);
  });

  it.each([
    ['it calls a routine', 'CALL somewhere_else(NEW.id)'],
    ['it asks a routine', 'SET NEW.n = tidy(NEW.n)'],
    ['it writes through a view', 'DELETE FROM recent WHERE id = OLD.id'],
    ['it cannot be seen', ''],
  ])('may be anything where %s', (_, body) => {
    expect(changes(replicaWith(['shop.film', 'update', body]), 'shop.film', 'update')).toBe('any');
  });

  it('ends where tables change each other in a circle', () => {
    const replica = replicaWith(
      ['shop.log', 'insert', 'INSERT INTO rental SELECT 1'],
      ['shop.rental', 'insert', 'INSERT INTO log SELECT 1'],
    );
    expect(changes(replica, 'shop.log', 'insert')).toEqual(['shop.log', 'shop.rental']);
  });
});

describe('what a statement writes', () => {
  const written = (run: string, tables: string[]): readonly string[] =>
    writtenBy({ run, tables } as unknown as WorkloadQuery, 'mysql');

  it('is the table of an insert, not those that it reads, and of other statements all that they name', () => {
    const tables = ['shop.film', 'shop.log'];
    expect(written('INSERT INTO log (n) SELECT film_id FROM film', tables)).toEqual(['shop.log']);
    expect(written('REPLACE INTO `shop`.`film` SELECT * FROM log', tables)).toEqual(['shop.film']);
    expect(written('UPDATE film JOIN log ON log.n = film_id SET n = 1', tables)).toEqual(tables);
  });

  it('are rows that come, go or change', () => {
    expect([...eventsOf(new Set(['insert', 'into', 'on', 'duplicate', 'key', 'update']))]).toEqual([
      'insert',
      'update',
    ]);
    expect([...eventsOf(new Set(['replace', 'into']))]).toEqual(['insert', 'delete']);
  });
});
