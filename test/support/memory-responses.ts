import type {
  ResponseStore,
  StoredItem,
  StoredResponse,
} from "../../src/gateway/responses/stored-response.ts";

/** Responses that are kept in memory, for gateways without a database. */
export class MemoryResponses implements ResponseStore {
  readonly all = new Map<string, StoredResponse>();

  async keep(response: StoredResponse): Promise<void> {
    this.all.set(`${response.tenant} ${response.id}`, response);
  }

  async get(tenant: string, id: string): Promise<StoredResponse | undefined> {
    return this.all.get(`${tenant} ${id}`);
  }

  async chain(tenant: string, id: string): Promise<readonly StoredResponse[] | undefined> {
    const turns: StoredResponse[] = [];
    for (let next: string | undefined = id; next !== undefined; next = turns[0]?.previousId) {
      const turn = this.all.get(`${tenant} ${next}`);
      // A ring of ids is no chain.
      if (turn === undefined || turns.includes(turn)) return undefined;
      turns.unshift(turn);
    }
    return turns;
  }

  async items(tenant: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredItem>> {
    const own = [...this.all.values()].filter((response) => response.tenant === tenant);
    const items = own.flatMap(({ body, sensitivity }) =>
      (JSON.parse(body) as { output: { id: string }[] }).output.map((item) => ({ item, sensitivity })),
    );
    return new Map(items.filter(({ item }) => ids.includes(item.id)).map((found) => [found.item.id, found]));
  }

  async delete(tenant: string, id: string): Promise<boolean> {
    return this.all.delete(`${tenant} ${id}`);
  }
}
