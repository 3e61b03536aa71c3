/** What an application of Sakila asks: `at` makes each text another one. Every list has a fixed order. */
const TEMPLATES: readonly ((at: number) => string)[] = [
  (at) =>
    `SELECT film_id, title, rental_rate, length FROM film WHERE film_id = ${String(1 + (at % 1000))} AND length > ${String(at % 46)}`,
  (at) =>
    `SELECT actor_id, first_name, last_name FROM actor WHERE actor_id > ${String(at % 200)} ORDER BY actor_id LIMIT ${String(5 + (at % 20))}`,
  (at) =>
    `SELECT c.customer_id, c.first_name, c.last_name, a.address, t.city, n.country FROM customer c JOIN address a ON a.address_id = c.address_id JOIN city t ON t.city_id = a.city_id JOIN country n ON n.country_id = t.country_id WHERE c.customer_id = ${String(1 + (at % 599))} AND a.address_id > ${String(at % 5)}`,
  (at) =>
    `SELECT rental_id, rental_date, return_date FROM rental WHERE customer_id = ${String(1 + (at % 599))} AND rental_id > ${String(at)} ORDER BY rental_id`,
  (at) =>
    `SELECT customer_id, COUNT(*), SUM(amount) FROM payment WHERE customer_id BETWEEN ${String(1 + (at % 590))} AND ${String(5 + (at % 590))} AND payment_id > ${String(at)} GROUP BY customer_id ORDER BY customer_id`,
  (at) =>
    `SELECT f.title, COUNT(*) FROM film f JOIN inventory i ON i.film_id = f.film_id WHERE f.film_id BETWEEN ${String(1 + (at % 990))} AND ${String(9 + (at % 990))} AND i.inventory_id > ${String(at)} GROUP BY f.film_id, f.title ORDER BY f.film_id`,
  (at) =>
    `SELECT k.name, COUNT(*) FROM category k JOIN film_category fc ON fc.category_id = k.category_id WHERE fc.film_id > ${String(at % 1000)} AND k.category_id > ${String(at % 9)} GROUP BY k.category_id, k.name ORDER BY k.category_id`,
  (at) =>
    `SELECT a.actor_id, a.last_name FROM actor a JOIN film_actor fa ON fa.actor_id = a.actor_id WHERE fa.film_id = ${String(1 + (at % 1000))} AND a.actor_id > ${String(at % 31)} ORDER BY a.actor_id`,
  (at) =>
    `SELECT payment_id, amount, payment_date FROM payment WHERE amount > ${String(at % 11)} AND payment_id BETWEEN ${String(at)} AND ${String(at + 40)} ORDER BY payment_id DESC`,
  (at) =>
    `SELECT s.store_id, COUNT(*) FROM store s JOIN customer c ON c.store_id = s.store_id WHERE c.customer_id > ${String(at % 600)} AND c.active = ${String(at % 2)} GROUP BY s.store_id ORDER BY s.store_id`,
];

/** So many different texts, by the seed. */
export function sakilaQueries(count: number, seed: number): string[] {
  const texts = new Set<string>();
  for (let at = seed; texts.size < count; at += 1) texts.add((TEMPLATES[at % TEMPLATES.length] ?? String)(at));
  return [...texts];
}
