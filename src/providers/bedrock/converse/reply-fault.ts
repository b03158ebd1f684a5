/** The upstream's reply is not what Converse promises, or says itself that the model failed. No text of the reply's. */
export class ReplyFault extends Error {
  override readonly name = "ReplyFault";
}
