/** A target's model: ENDPOINT or ENDPOINT/COMPONENT. */
export interface Address {
  readonly endpoint: string;
  /** An inference component of the endpoint; the endpoint has none where absent. */
  readonly component: string | undefined;
}

export function addressOf(model: string): Address {
  const slash = model.indexOf("/");
  if (slash === -1) return { endpoint: model, component: undefined };
  return { endpoint: model.slice(0, slash), component: model.slice(slash + 1) };
}

/**
 * What deploys the model: a component keeps its name on whatever endpoint it is, and an endpoint without components is
 * one model.
 */
export function canonicalOf(model: string): string {
  const { endpoint, component } = addressOf(model);
  return component ?? endpoint;
}

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceComponent.html */
const NAME = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i;

/** Whether a model can be an endpoint, or an endpoint and a component. */
export function isAddress(model: string): boolean {
  const { endpoint, component } = addressOf(model);
  return NAME.test(endpoint) && (component === undefined || NAME.test(component));
}

/**
 * Where a container is asked.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html,
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
 */
export function invocationPath({ endpoint }: Address, stream: boolean): string {
  return `/endpoints/${encodeURIComponent(endpoint)}/invocations${stream ? "-response-stream" : ""}`;
}

/** https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-openai-compatible.html */
export function openAiPath({ endpoint, component }: Address): string {
  const part = component === undefined ? "" : `/inference-components/${encodeURIComponent(component)}`;
  return `/endpoints/${encodeURIComponent(endpoint)}${part}/openai/v1/chat/completions`;
}

/**
 * Headers of an invocation. SageMaker passes on none but its own, and those of clients (sessions, variants, custom
 * attributes) are not for clients to choose: none goes on.
 */
export function invocationHeaders({ component }: Address, stream: boolean): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: stream ? "application/vnd.amazon.eventstream" : "application/json",
    ...(component !== undefined && { "x-amzn-sagemaker-inference-component": component }),
  };
}
