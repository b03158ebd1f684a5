/** What came is no reply that the API promises, or says itself that the model failed. The message holds no text of the reply. */
export class ReplyFault extends Error {
  override readonly name = "ReplyFault";
}
