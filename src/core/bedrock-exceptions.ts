/**
 * Exceptions that SDKs know in the stream of ConverseStream; another they pass over, or raise without a name.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */
export const CONVERSE_EXCEPTIONS: ReadonlySet<string> = new Set([
  "internalServerException",
  "modelStreamErrorException",
  "validationException",
  "throttlingException",
  "serviceUnavailableException",
]);

/** The same of InvokeModelWithResponseStream. */
export const INVOKE_EXCEPTIONS: ReadonlySet<string> = new Set([
  ...CONVERSE_EXCEPTIONS,
  "modelTimeoutException",
]);
