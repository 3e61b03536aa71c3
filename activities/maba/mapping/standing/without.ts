/** The object without some of its members. */
export function without<T extends object, K extends keyof T & string>(object: T, ...keys: readonly K[]): Omit<T, K> {
  const left: readonly string[] = keys;
  return Object.fromEntries(Object.entries(object).filter(([key]) => !left.includes(key))) as Omit<T, K>;
}
