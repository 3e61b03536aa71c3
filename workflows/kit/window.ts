/** Runs `work` over `items`, at most `window` at once, in order of start. The first failure is thrown when all have ended. */
export async function inWindow<T>(items: Iterable<T>, window: number, work: (item: T) => Promise<void>): Promise<void> {
  const source = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let next = source.next(); next.done !== true && failures.length === 0; next = source.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  if (failures.length > 0) throw failures[0];
}
