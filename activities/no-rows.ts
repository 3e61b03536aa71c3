/** In place of what a reader gives, for a table whose rows are not moved. */
export async function* noRows<Batch>(): AsyncGenerator<Batch> {
  // Nothing is read, from any engine.
}
