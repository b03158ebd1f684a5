/** What the way back from a model must know of the request. */
export interface ReadBack {
  /** Names of tools on the wire -> the client's, where they differ. */
  readonly names: ReadonlyMap<string, string>;
  /** The tool whose arguments are the answer; on the wire. */
  readonly schemaTool: string | undefined;
}
