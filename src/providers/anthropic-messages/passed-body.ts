import { scanTrusted } from "../../core/json-scan.ts";
import { applySplices, editObject } from "../../core/splice.ts";
import type { WireRequest } from "../../core/wire.ts";
import { parseExactly } from "../conversation/exact-json.ts";
import { editsWithoutThoughts } from "../conversation/thoughts.ts";
import { asRecord } from "../json-value.ts";
import type { UpstreamCall } from "../provider.ts";
import { isMarked, MARK, markEdits } from "./auto-cache.ts";

const LEAST_BUDGET = 1_024;
const OPEN_OBJECT = 0x7b;

/** A body of Messages that passes: the client's bytes, and what becomes of some of its members. */
export class PassedBody {
  /** JSON text by member; undefined takes it out. */
  readonly edits: Map<string, string | undefined>;
  /** What was left out that the client asked for, by its names. */
  readonly dropped: string[] = [];
  readonly #request: WireRequest;

  /** With the edits that every upstream needs: words out, metadata and thoughts as they may be, the cap. */
  constructor(call: UpstreamCall) {
    const { request, outputCap, withoutThoughts } = call;
    this.#request = request;
    this.edits = new Map(request.wordEdits);
    const isCounted = request.operation === "count-tokens";
    this.#reduceMetadata(isCounted);
    if (withoutThoughts) this.#leaveThoughtsOut();
    if (outputCap !== undefined && !isCounted) this.#cap(outputCap);
  }

  /** Marks the prompt for the cache where the client marked nothing, for hosts that find the best places by themselves. */
  markAtTop(): void {
    if (this.#isMarkable) this.edits.set("cache_control", JSON.stringify(MARK));
  }

  /** The same for other hosts. */
  markEnds(): void {
    if (this.#isMarkable)
      this.#setAll(markEdits(["tools", "system", "messages"], (member) => this.text(member), MARK));
  }

  /**
   * What a host that finds the best places by itself does with a mark at the top, for one that does not.
   *
   * @param mark  the value of `cache_control`, as JSON text
   */
  markLastMessage(mark: string): void {
    if (this.#request.operation === "count-tokens" || mark === "null") return;
    this.#setAll(markEdits(["messages"], (member) => this.text(member), JSON.parse(mark)));
  }

  #setAll(edits: ReadonlyMap<string, string>): void {
    for (const [name, text] of edits) this.edits.set(name, text);
  }

  get #isMarkable(): boolean {
    return this.#request.operation !== "count-tokens" && !isMarked(this.#request.bytes);
  }

  /** A member as JSON text, as it is after the edits so far. */
  text(name: string): string | undefined {
    if (this.edits.has(name)) return this.edits.get(name);
    const { bytes, members } = this.#request;
    const member = members.find(({ key }) => key === name);
    return member === undefined ? undefined : bytes.toString("utf8", member.start, member.end);
  }

  /** The same as a value, whose numbers come out again digit by digit; undefined where there is none. */
  value(name: string): unknown {
    const text = this.text(name);
    return text === undefined ? undefined : parseExactly(text, JSON.parse(text));
  }

  bytes(): Buffer {
    const { bytes, members, inside } = this.#request;
    if (this.edits.size === 0) return bytes;
    return applySplices(bytes, editObject(members, inside, this.edits));
  }

  /**
   * Metadata is `user_id` and nothing else; what clients tell us beside it is no part of the request.
   * https://platform.claude.com/docs/en/api/messages#body-metadata
   *
   * @param isCounted  the counter takes none at all
   */
  #reduceMetadata(isCounted: boolean): void {
    const text = this.text("metadata");
    if (text === undefined) return;
    if (isCounted) this.edits.set("metadata", undefined);
    const bytes = Buffer.from(text);
    if (isCounted || bytes[0] !== OPEN_OBJECT) return;
    const members = scanTrusted(bytes);
    const user = members.find(({ key }) => key === "user_id");
    if (members.length === (user === undefined ? 0 : 1)) return;
    this.edits.set("metadata", user && `{"user_id":${bytes.toString("utf8", user.start, user.end)}}`);
  }

  #leaveThoughtsOut(): void {
    const edits = editsWithoutThoughts(this.#request.bytes);
    if (edits === undefined) return;
    for (const [name, text] of edits) this.edits.set(name, text);
    this.dropped.push("reasoning");
  }

  /** Thoughts count as output: a budget for them that leaves no room is refused. */
  #cap(cap: number): void {
    this.edits.set("max_tokens", String(cap));
    const text = this.text("thinking");
    if (text === undefined) return;
    const thinking = asRecord(JSON.parse(text));
    const budget = thinking?.["budget_tokens"];
    if (typeof budget !== "number" || budget < cap) return;
    const left = Math.max(LEAST_BUDGET, Math.floor(cap * 0.8));
    this.dropped.push("thinking");
    this.edits.set("thinking", left < cap ? JSON.stringify({ ...thinking, budget_tokens: left }) : undefined);
  }
}
