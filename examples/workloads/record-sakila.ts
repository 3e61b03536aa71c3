/**
 * What an application of Sakila asks, recorded: sends the statements of sakila.sql and some prepared ones to a server of
 * MySQL or MariaDB that holds Sakila, while it writes its general log.
 *
 *   node examples/workloads/record-sakila.ts mariadb://me:secret@127.0.0.1:3306/sakila /var/tmp/sakila.log
 *   npx caravan migrate --source … --target … --queries /var/tmp/sakila.log --replay-source mariadb://…/sakila
 *
 * The login may set global variables, and the server may write the file. All that is written is taken back.
 */
import { readFile } from 'node:fs/promises';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';

/** Customers who come to the desk. */
const CUSTOMERS = [1, 7, 42, 148, 526];

/** What a program has prepared, and asks again with other values. */
const PREPARED = [
  'SELECT title, rental_rate FROM film WHERE film_id = ? AND rating IS NOT NULL',
  'SELECT c.first_name, c.last_name, a.address, a.phone FROM customer c JOIN address a ON a.address_id = c.address_id WHERE c.customer_id = ?',
  'SELECT r.rental_id, f.title, r.rental_date FROM rental r JOIN inventory i ON i.inventory_id = r.inventory_id JOIN film f ON f.film_id = i.film_id WHERE r.customer_id = ? ORDER BY r.rental_date DESC, r.rental_id LIMIT 5',
  'SELECT COALESCE(SUM(amount), 0) AS paid, COUNT(*) AS payments, MAX(payment_date) AS last FROM payment WHERE customer_id = ?',
];

async function useTheShop(application: Connection): Promise<void> {
  const text = await readFile(new URL('sakila.sql', import.meta.url), 'utf8');
  const statements = text.replaceAll(/^--.*$/gm, '').split(/;\s*$/m);
  for (const sql of statements) if (sql.trim() !== '') await application.query(sql.trim());
  for (const id of CUSTOMERS) for (const sql of PREPARED) await application.execute(sql, [id]);
  await application.beginTransaction();
  await application.execute('UPDATE customer SET active = ?, email = ? WHERE customer_id = ?', [
    0,
    "o'brien@example.org",
    7,
  ]);
  await application.execute('INSERT INTO payment (customer_id, staff_id, amount, payment_date) VALUES (?, ?, ?, ?)', [
    7,
    1,
    '4.99',
    '2006-02-14 15:16:03',
  ]);
  await application.rollback();
}

const [url, log] = process.argv.slice(2);
if (url === undefined || log === undefined) throw new Error('usage: record-sakila.ts URL LOG');
const uri = url.replace(/^mariadb:/, 'mysql:');
const [application, administrator] = await Promise.all([createConnection(uri), createConnection(uri)]);
try {
  await administrator.query("SET GLOBAL log_output = 'FILE'");
  await administrator.query('SET GLOBAL general_log_file = ?', [log]);
  await administrator.query('SET GLOBAL general_log = 1');
  await useTheShop(application);
} finally {
  await administrator.query('SET GLOBAL general_log = 0');
  await Promise.all([application.end(), administrator.end()]);
}
