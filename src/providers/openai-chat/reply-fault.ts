/** What came is no reply of chat completions. The message is one sentence, without text of the reply's own. */
export class ReplyFault extends Error {
  override readonly name = "ReplyFault";
}
