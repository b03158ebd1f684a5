/** Connections and streams that this server gave up, because a request on them was not whole within its deadline. */
const OVERDUE = new WeakSet<object>();

export function markOverdue(connection: object): void {
  OVERDUE.add(connection);
}

/** Whether a request ended because it was too slow, and not because its client left. */
export function isOverdue(request: {
  readonly socket?: object | null;
  readonly stream?: object | null;
}): boolean {
  return [request.socket, request.stream].some(
    (one) => one !== null && one !== undefined && OVERDUE.has(one),
  );
}
