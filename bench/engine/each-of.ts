/** Does work for each place of a list, some at once. A failure is told when what was begun has ended. */
export async function eachOf(count: number, atOnce: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++)
      await work(at).catch((error: unknown) => {
        next = count;
        throw error;
      });
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, one));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
