/** A target's model: NAME, NAME/VERSION or NAME/versions/VERSION. */
const MODEL = /^(.+?)(?:\/(?:versions\/)?(\d+))?$/;

/**
 * The path of a model's generate endpoints, without their last word. Without a version the server chooses one.
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_generate.html
 */
export function modelPath(model: string): string {
  const [, name = model, version] = MODEL.exec(model) ?? [];
  const path = `/v2/models/${encodeURIComponent(name)}`;
  return version === undefined ? path : `${path}/versions/${version}`;
}
