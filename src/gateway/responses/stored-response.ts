import type { Sensitivity } from "../../core/context.ts";

/** A reply of the Responses API as it is kept. Texts are JSON, so that nothing of them changes. */
export interface StoredResponse {
  readonly tenant: string;
  /** As the client knows it. */
  readonly id: string;
  readonly previousId: string | undefined;
  readonly createdAtMs: number;
  /** Of the request that it answered, and so of all before it. */
  readonly sensitivity: Sensitivity;
  /** The list of items that the request brought, without those of earlier responses. */
  readonly input: string;
  /** The whole response object. */
  readonly body: string;
}

/** An item of an output, and how secret its response is. */
export interface StoredItem {
  readonly item: unknown;
  readonly sensitivity: Sensitivity;
}

/** Where they are kept; whoever asks names the tenant, and no other's is found. */
export interface ResponseStore {
  /** Resolves when it is safe, or soon after where the database is away: it is written later then. Never rejects. */
  keep(response: StoredResponse): Promise<void>;
  /** @throws Error where the database cannot be asked */
  get(tenant: string, id: string): Promise<StoredResponse | undefined>;
  /** A response and all before it, oldest first; undefined where one of them is not there. */
  chain(tenant: string, id: string): Promise<readonly StoredResponse[] | undefined>;
  /**
   * Items of outputs by their ids, which are the tenant's own; those that are not there are missing.
   *
   * @param ids  at least one
   */
  items(tenant: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredItem>>;
  /** @returns whether it was there */
  delete(tenant: string, id: string): Promise<boolean>;
}
