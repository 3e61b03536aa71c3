/** Keeps the values of the last keys that were read; for what never changes once it is stored. */
export function recentValues<Value>(limit: number): (key: string, read: () => Promise<Value>) => Promise<Value> {
  const values = new Map<string, Value>();
  return async (key, read) => {
    const value = values.get(key) ?? (await read());
    values.delete(key);
    values.set(key, value);
    const oldest = values.keys().next();
    if (values.size > limit && oldest.done !== true) values.delete(oldest.value);
    return value;
  };
}
