/** Does a name meet the pattern? "*" stands for any run of characters, "?" for one; nothing else is special. */
export function globOf(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  const whole = new RegExp(`^${source}$`, 'u');
  return (name) => whole.test(name);
}
