import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasMariadb, sakilaFolder, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

/** What Sakila does not have: loops, a cursor, errors, a meaning that gets lost, and two triggers at one moment. */
const MORE = `
SET NAMES utf8mb4;
DELIMITER $$
CREATE FUNCTION power_of(p_base INT, p_exponent INT) RETURNS BIGINT DETERMINISTIC
BEGIN
  DECLARE v_result BIGINT DEFAULT 1;
  DECLARE v_left INT DEFAULT p_exponent;
  IF p_exponent < 0 OR p_exponent > 20 OR ABS(p_base) > 9 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'out of what it can do';
  END IF;
  WHILE v_left > 0 DO
    SET v_result = v_result * p_base, v_left = v_left - 1;
  END WHILE;
  RETURN v_result;
END $$
CREATE FUNCTION films_of(p_category_id TINYINT UNSIGNED) RETURNS VARCHAR(40) READS SQL DATA
BEGIN
  DECLARE v_done BOOLEAN DEFAULT FALSE;
  DECLARE v_length INT;
  DECLARE v_count, v_long INT DEFAULT 0;
  DECLARE lengths CURSOR FOR
    SELECT f.length FROM film f JOIN film_category c ON c.film_id = f.film_id WHERE c.category_id = p_category_id;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
  OPEN lengths;
  reading: LOOP
    FETCH lengths INTO v_length;
    IF v_done THEN LEAVE reading; END IF;
    SET v_count = v_count + 1;
    IF v_length <= 120 THEN ITERATE reading; END IF;
    SET v_long = v_long + 1;
  END LOOP;
  CLOSE lengths;
  RETURN CONCAT(v_count, ' films, ', v_long, ' of them long');
END $$
CREATE FUNCTION is_uni(p_text VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci) RETURNS BOOLEAN DETERMINISTIC
  RETURN p_text = 'uni' $$
CREATE FUNCTION next_actor(p_name VARCHAR(45)) RETURNS INT MODIFIES SQL DATA
BEGIN
  INSERT INTO actor (first_name, last_name) VALUES (p_name, p_name);
  RETURN 1;
END $$
CREATE PROCEDURE stock_of(IN p_film_id SMALLINT UNSIGNED, INOUT p_store_id TINYINT UNSIGNED, OUT p_last DATETIME)
BEGIN
  SELECT MAX(last_update) INTO p_last FROM inventory WHERE film_id = p_film_id AND store_id = p_store_id;
  IF p_last IS NULL THEN SET p_store_id = 0; END IF;
END $$
CREATE PROCEDURE bring_back(IN p_film_id SMALLINT UNSIGNED, IN p_title VARCHAR(50), OUT p_moved INT)
BEGIN
  DECLARE v_store TINYINT UNSIGNED DEFAULT 1;
  DECLARE v_last DATETIME;
  CALL stock_of(p_film_id, v_store, v_last);
  IF v_store = 0 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'none there'; END IF;
  SET p_moved = 0;
  WHILE p_moved < 2 DO
    INSERT INTO category (name, last_update) VALUES (CONCAT(LEFT(p_title, 20), p_moved), NOW());
    SET p_moved = p_moved + 1;
  END WHILE;
  UPDATE film SET title = CONCAT('+', LEFT(p_title, 50)) WHERE film_id = p_film_id;
  DELETE FROM film_actor WHERE film_id = p_film_id;
END $$
CREATE PROCEDURE call_uni(IN p_text VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)
  IF p_text = 'uni' THEN UPDATE language SET name = 'Uni' WHERE language_id = 1; END IF $$
CREATE PROCEDURE call_both(IN p_text VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)
BEGIN
  CALL call_uni(p_text);
  UPDATE language SET name = 'Both' WHERE language_id = 2;
END $$
CREATE PROCEDURE forever(IN p_film_id SMALLINT UNSIGNED, OUT p_last INT)
BEGIN
  SET p_last = 0;
  WHILE p_film_id IS NULL OR p_last >= 0 DO SET p_last = p_film_id MOD 7; END WHILE;
END $$
CREATE TRIGGER actor_names BEFORE INSERT ON actor FOR EACH ROW SET NEW.first_name = UPPER(NEW.first_name) $$
CREATE TRIGGER a_second BEFORE INSERT ON actor FOR EACH ROW FOLLOWS actor_names
  SET NEW.last_name = CONCAT(LEFT(NEW.first_name, 3), '-', LEFT(NEW.last_name, 30)) $$
CREATE TRIGGER never_acts AFTER UPDATE ON category FOR EACH ROW
BEGIN
  IF NEW.name = 'no category has this name' THEN DELETE FROM film_text; END IF;
END $$
`;

interface Certificate {
  readonly certificate: {
    readonly proven: readonly { readonly what: string }[];
    readonly notProven: readonly string[];
  };
}

describe('Functions, procedures and triggers of Sakila', () => {
  const servers: PrivateMariadb[] = [];
  let target: TestDatabase;
  let ran: Ran;
  let proven = '';

  beforeAll(async () => {
    if (!hasMariadb || sakilaFolder === undefined) return;
    const scripts = ['schema', 'data'].map((part) => join(sakilaFolder ?? '', `sakila-${part}.sql`));
    servers.push(...(await Promise.all([startPrivateMariadb(), startPrivateMariadb()])));
    await Promise.all(
      servers.map(async (server, at) => {
        for (const script of scripts) await server.script(`\nSOURCE ${script}`);
        await server.script(`USE sakila;${MORE}`);
        // A replica may hold its tables otherwise: what a transaction does not hold, it could not take back.
        if (at === 1) await server.script('ALTER TABLE sakila.film_text ENGINE = InnoDB');
      }),
    );
    const [source = '', replica = ''] = servers.map((server) => urlOf(server.endpoint('sakila')));
    target = await freshDatabase();
    const ends = ['--source', source, '--target', target.url, '--replay-source', replica];
    ran = await caravan(['migrate', ...ends, '--json', '--yes']);
    const { certificate } = JSON.parse(readFileSync(ran.json.certificate ?? '', 'utf8')) as Certificate;
    proven = certificate.proven.map(({ what }) => what).join('\n');
  });
  beforeEach(({ skip }) => {
    skip(!hasMariadb || sakilaFolder === undefined, 'there is no MariaDB, or no Sakila');
  });
  afterAll(async () => {
    await target.drop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  function leftOf(name: string): string {
    return ran.json.notMigrated.find((left) => left.name === `sakila.${name}`)?.reason ?? expect.unreachable(name);
  }

  it('come along where they were shown to do the same, and the certificate says how often they were tried', () => {
    expect(ran.exit, ran.stderr).toBe(0);
    const functions = [
      'get_customer_balance',
      'inventory_held_by_customer',
      'inventory_in_stock',
      'power_of',
      'films_of',
    ];
    for (const name of functions) expect(proven).toMatch(new RegExp(`function public\\.${name} gave the same`, 'u'));
    const triggers = ['customer_create_date', 'payment_date', 'rental_date', 'ins_film', 'upd_film', 'del_film'];
    for (const name of [...triggers, 'actor_names', 'a_second'])
      expect(proven).toMatch(new RegExp(`trigger public\\.${name} left the same rows`, 'u'));
    for (const name of ['stock_of', 'bring_back'])
      expect(proven).toMatch(new RegExp(`procedure public\\.${name} gave back and left the same`, 'u'));
  });

  it('stay behind by name and with the reason where they were not', () => {
    expect(leftOf('is_uni')).toMatch(/^translated, it gives something else in \d+ of \d+ calls$/u);
    expect(leftOf('next_actor')).toContain('not proven: it writes');
    expect(leftOf('call_uni')).toMatch(/^translated, it does something else in \d+ of \d+ calls/u);
    expect(leftOf('call_both')).toContain('it does something else');
    expect(leftOf('forever')).toContain('a call took longer than 5 seconds');
    expect(leftOf('never_acts')).toContain('it made no difference');
    expect(leftOf('rewards_report')).toContain('the statement CREATE has no translation');
    expect(leftOf('film_in_stock')).toContain('it gives rows');
    expect(ran.json.notMigrated.filter(({ kind }) => kind === 'routine' || kind === 'trigger')).toHaveLength(9);
  });

  it('run in the target, under whatever search path, and nothing of a trial is left there', async () => {
    const [asked] = await target.query(
      `SELECT public.get_customer_balance(2, '2006-02-14') AS balance, public.power_of(2, 10) AS power,
              public.inventory_in_stock(9) AS here, set_config('search_path', '', false) AS path`,
    );
    const source = (await servers[0]?.connect('sakila')) ?? expect.unreachable('there is no source');
    const [rows] = await source.query(
      "SELECT get_customer_balance(2, '2006-02-14') AS balance, inventory_in_stock(9) AS here",
    );
    await source.end();
    const [own] = rows as { balance: string; here: number }[];
    expect(Number(asked?.['balance'])).toBe(Number(own?.balance));
    expect(asked?.['here']).toBe(own?.here === 1);
    expect(asked?.['power']).toBe('1024');
    const [back] = await target.query("CALL public.bring_back(1::int, 'again', NULL)");
    expect(back).toEqual({ p_moved: 2 });
    const [brought] = await target.query(
      'SELECT (SELECT title FROM public.film_text WHERE film_id = 1) AS title, (SELECT count(*)::int FROM public.category) AS categories',
    );
    expect(brought).toEqual({ title: '+again', categories: 18 });
    const [counts] = await target.query(
      `SELECT (SELECT count(*)::int FROM public.film) AS films, (SELECT count(*)::int FROM public.film_text) AS texts`,
    );
    expect(counts).toEqual({ films: 1000, texts: 1000 });
    const [made] = await target.query(
      `INSERT INTO public.film (title, language_id) VALUES ('A NEW ONE', 1) RETURNING film_id`,
    );
    const texts = await target.query(`SELECT title FROM public.film_text WHERE film_id = ${String(made?.['film_id'])}`);
    expect(texts).toEqual([{ title: 'A NEW ONE' }]);
    const [actor] = await target.query(
      `INSERT INTO public.actor (first_name, last_name) VALUES ('ada', 'x') RETURNING first_name, last_name`,
    );
    expect(actor).toEqual({ first_name: 'ADA', last_name: 'ADA-x' });
  });
});
