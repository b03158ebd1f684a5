import { parseBedrockModelId } from "../../catalog/bedrock-model-id.ts";
import { bedrockModel, type BedrockModel } from "../../catalog/bedrock-models.ts";
import { brief } from "../../core/text.ts";

/** What is known of a model id: the model behind it, or why that cannot be known. */
export type Known = { readonly canonical: string; readonly model: BedrockModel } | { readonly why: string };

/** After a failure the service is not asked again for so long. */
const RETRY_MS = 5_000;

/**
 * The models behind ids. An application inference profile's ARN does not tell which model it means, and everything that
 * depends on the model (parameters, capabilities, price) would go by guesswork: the service is asked once, and because
 * profiles never change, its answer holds for good.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html
 */
export class Profiles {
  readonly #ask: (id: string) => Promise<readonly string[]>;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #failedAt = new Map<string, number>();

  /** @param ask  the ARNs of the models that a profile uses; rejects where they cannot be had */
  constructor(ask: (id: string) => Promise<readonly string[]>) {
    this.#ask = ask;
  }

  /** What is known now. */
  of(id: string): Known {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const parsed = parseBedrockModelId(id);
    if (parsed.arnKind === "application-inference-profile")
      return { why: "its inference profile is not resolved yet" };
    const found = { canonical: parsed.canonical, model: bedrockModel(parsed.canonical) };
    this.#known.set(id, found);
    return found;
  }

  /**
   * Asks where it must be asked.
   *
   * @returns what has to be waited for; undefined where it is known, and after a failure: then it is asked again meanwhile
   */
  prepare(id: string): Promise<void> | undefined {
    const known = this.of(id);
    if (!("why" in known)) return undefined;
    const failedAt = this.#failedAt.get(id);
    if (failedAt !== undefined && performance.now() - failedAt < RETRY_MS) return undefined;
    let asking = this.#asking.get(id);
    if (asking === undefined) {
      asking = this.#resolve(id).finally(() => this.#asking.delete(id));
      this.#asking.set(id, asking);
    }
    return failedAt === undefined ? asking : undefined;
  }

  async #resolve(id: string): Promise<void> {
    try {
      const arns = await this.#ask(id);
      const canonicals = new Set(arns.map((arn) => parseBedrockModelId(arn).canonical));
      const [canonical, other] = canonicals;
      if (canonical === undefined || other !== undefined)
        throw new Error(`it names ${canonicals.size} different models`);
      this.#failedAt.delete(id);
      this.#known.set(id, { canonical, model: bedrockModel(canonical) });
    } catch (error) {
      const reason = error instanceof Error ? brief(error.message) : "no reason given";
      this.#failedAt.set(id, performance.now());
      this.#known.set(id, {
        why: `its inference profile cannot be resolved (${reason})`,
      });
    }
  }
}
