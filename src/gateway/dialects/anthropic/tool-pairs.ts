import { brief } from "../../../core/text.ts";
import type { ChatMessage } from "../../../core/chat.ts";
import { briefList } from "../brief-list.ts";
import { refused } from "./refusals.ts";

/**
 * Whether every call of a turn has one result in the turn after it, and nothing else has one. Messages of one role that
 * follow each other are one turn; instructions may stand between.
 * https://platform.claude.com/docs/en/docs/agents-and-tools/tool-use/implement-tool-use#handling-tool-use-and-tool-result-content-blocks
 */
export class ToolPairs {
  #role: "user" | "assistant" = "user";
  /** The last message of the turn that made the calls. */
  #caller = "";
  readonly #open = new Set<string>();
  readonly #answered = new Set<string>();

  begin(role: ChatMessage["role"], place: string): void {
    if (role === "system") return;
    if (role === "assistant") {
      if (this.#role === "user") this.end();
      this.#caller = place;
    }
    this.#role = role;
  }

  call(id: string, place: string): void {
    if (this.#open.has(id)) throw refused(`${place}: \`tool_use\` ids must be unique`);
    this.#open.add(id);
  }

  result(id: string, place: string): void {
    if (this.#open.delete(id)) {
      this.#answered.add(id);
      return;
    }
    if (this.#answered.has(id))
      throw refused(
        `${place}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${brief(id)}`,
      );
    throw refused(
      `${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${brief(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message`,
    );
  }

  /** The turn of results is over. */
  end(): void {
    this.#answered.clear();
    if (this.#open.size === 0) return;
    const ids = briefList(this.#open);
    throw refused(
      `${this.#caller}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message`,
    );
  }
}
