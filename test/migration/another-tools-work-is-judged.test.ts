import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { hasMariadb, sakilaFolder, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { activitiesOf, clientOf } from './faults-harness.js';
import { urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

/** Other types that hold the same: what other tools choose. */
const OTHER_TYPES = `
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT viewname FROM pg_views WHERE schemaname = 'public' LOOP EXECUTE format('DROP VIEW IF EXISTS %I CASCADE', name); END LOOP;
  END $$;
  ALTER TABLE film ALTER COLUMN rating DROP DEFAULT, ALTER COLUMN rating TYPE text;
  ALTER TABLE film ALTER COLUMN rating SET DEFAULT 'G';
  ALTER TABLE film ALTER COLUMN special_features TYPE text USING array_to_string(special_features, ',');
  ALTER TABLE film ALTER COLUMN title TYPE text, ALTER COLUMN length TYPE bigint;
  ALTER TABLE language ALTER COLUMN name TYPE char(20);
  ALTER TABLE staff RENAME COLUMN first_name TO "firstName";
  ALTER TABLE country RENAME CONSTRAINT country_pkey TO another_name;
  ALTER INDEX idx_title RENAME TO another_index;`;

/** What a tool does that is in a hurry: no keys to speak of, and values that it did not understand. */
const SLOPPY = `
  DROP TRIGGER actor_on_update ON actor;
  DROP TRIGGER country_on_update ON country;
  DROP TRIGGER rental_on_update ON rental;
  ALTER TABLE customer ALTER COLUMN email TYPE varchar(20) USING left(email, 20);
  ALTER TABLE payment ALTER COLUMN amount TYPE numeric(5,1);
  UPDATE country SET country = upper(country) WHERE country_id = 1;
  ALTER TABLE film_actor DROP CONSTRAINT fk_film_actor_actor;
  DELETE FROM film_actor WHERE actor_id = 1 AND film_id = 1;
  DROP TABLE film_text;
  ALTER TABLE store ALTER COLUMN manager_staff_id DROP NOT NULL;
  UPDATE rental SET return_date = NULL WHERE rental_id = 1;
  UPDATE rental SET rental_date = rental_date + interval '2 hours' WHERE rental_id BETWEEN 10 AND 19;
  UPDATE actor SET first_name = 'NICK ' WHERE actor_id = 2;
  SELECT setval(pg_get_serial_sequence('inventory', 'inventory_id'), 5);
  ALTER TABLE address DROP COLUMN phone;`;

describe('Sakila from MariaDB', () => {
  let server: PrivateMariadb | undefined;
  let target: TestDatabase;
  let source = '';
  let clean: Ran;
  let other: Ran;
  let sloppy: Ran;

  beforeAll(async () => {
    if (!hasMariadb || sakilaFolder === undefined) return;
    server = await startPrivateMariadb();
    for (const part of ['schema', 'data']) await server.script(`\nSOURCE ${join(sakilaFolder, `sakila-${part}.sql`)}`);
    source = urlOf(server.endpoint('sakila'));
    target = await freshDatabase();
    const moved = await caravan(['migrate', '--source', source, '--target', target.url, '--yes', '--json']);
    expect(moved.exit, moved.stderr).toBe(0);
    clean = await caravan(['verify', '--source', source, '--target', target.url, '--json']);
    await target.query(OTHER_TYPES);
    other = await caravan(['verify', '--source', source, '--target', target.url, '--json']);
    await target.query(SLOPPY);
    sloppy = await caravan(['verify', '--source', source, '--target', target.url, '--json']);
  });
  beforeEach(({ skip }) => {
    skip(!hasMariadb || sakilaFolder === undefined, 'there is no MariaDB, or no Sakila');
  });
  afterAll(async () => {
    await target.drop();
    await server?.stop();
  });

  it('that Caravan moved is proven, views and indexes and all', () => {
    expect(clean.exit, clean.stderr + readFileSync(clean.json.certificate ?? '', 'utf8')).toBe(0);
    expect(differences(clean)).toEqual([]);
    expect(clean.json.notMigrated.filter(({ kind }) => kind === 'view')).toEqual([]);
  });

  it('has its small tables compared together, so that histories stay small', async () => {
    const client = clientOf(inject('sharedHome'));
    const done = await activitiesOf(client, `${clean.json.migrationId}/verification`);
    await client.connection.close();
    const times = (name: string): number =>
      done.filter(({ activity, type }) => activity === name && type === 'completed').length;
    // Of 16 tables two are not small.
    expect(clean.json.tables).toHaveLength(16);
    expect(times('compareTables')).toBeGreaterThan(0);
    expect(times('compareTables') + times('compareTable')).toBeLessThan(10);
  });

  it('is proven in other types and under other names that hold the same', () => {
    expect(other.exit, other.stderr + other.stdout).toBe(0);
    expect(differences(other)).toEqual([]);
    expect(other.json.notMigrated).toContainEqual({
      kind: 'view',
      name: 'sakila.staff_list',
      reason: 'the target has none of this name',
    });
  });

  it('of a tool in a hurry is found out, each difference under its class', async () => {
    expect(sloppy.exit, sloppy.stderr).toBe(3);
    expect(sloppy.json).toMatchObject({ status: 'proven_with_exceptions' });
    expect(differences(sloppy)).toEqual([
      'case_changed sakila.country.country 1',
      'foreign_key_missing sakila.film_actor.fk_film_actor_actor 1',
      'lost_rows sakila.film_actor 1',
      'missing_column sakila.address.phone 1',
      'missing_table sakila.film_text 1',
      'not_null_missing sakila.store.manager_staff_id 1',
      'null_made sakila.rental.return_date 1',
      'on_update_missing sakila.actor.actor_on_update 1',
      'on_update_missing sakila.country.country_on_update 1',
      'on_update_missing sakila.rental.rental_on_update 1',
      'rounded sakila.payment.amount 16025',
      'sequence_behind sakila.inventory.inventory_id 1',
      'time_zone_shift sakila.rental.rental_date 10',
      'trailing_blanks sakila.actor.first_name 1',
      'truncated sakila.customer.email 599',
      'type_narrower sakila.customer.email 1',
      'type_narrower sakila.payment.amount 1',
    ]);
    const certificate = await caravan(['certificate', 'verify', sloppy.json.certificate ?? '']);
    expect(certificate.exit, certificate.stdout).toBe(0);
  });

  it('is told what would mend it, and nothing is written', async () => {
    const { migrationId } = sloppy.json;
    const [told, deed] = await Promise.all([
      caravan(['reconcile', migrationId, '--reveal']),
      caravan(['reconcile', migrationId, 'truncated:sakila.customer.email', '--copy-again']),
    ]);
    expect(told.exit, told.stderr).toBe(0);
    expect(told.stdout).toMatch(/UPDATE "public"\."customer" SET "email" = '[^']+\.org' WHERE "customer_id" = '\d+';/u);
    expect(told.stdout).toContain('Caravan writes nothing to this target');
    expect([deed.exit, deed.stderr]).toEqual([1, expect.stringContaining('NOT_NOW')]);
  });

  it('shows by key what differs, and the value only when asked', async () => {
    const shift = ['values', 'list', sloppy.json.migrationId, '--rule', 'time_zone_shift', '--json'];
    const { stdout } = await caravan(shift);
    const { entries } = JSON.parse(stdout) as { entries: { key: Record<string, { text: string }>; value?: unknown }[] };
    expect(entries.map(({ key }) => Number(key['rental_id']?.text)).toSorted((a, b) => a - b)).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
    expect(entries[0]?.value).toBeUndefined();
  });
});

/** What of the findings is a difference, in one order. The search texts of Sakila stand in a table of MyISAM. */
function differences({ json }: Ran): string[] {
  return json.findings
    .filter(({ code }) => code !== 'outside_snapshot')
    .map(({ code, object, count }) => `${code} ${object} ${String(count)}`)
    .toSorted();
}
