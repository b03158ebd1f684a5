/** Adds all of a list at another's end. `push(...more)` lays each on the stack, which overflows at some hundred thousand. */
export function append<Item>(list: Item[], more: readonly Item[]): void {
  for (const item of more) list.push(item);
}
