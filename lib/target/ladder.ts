/**
 * One ladder of overrides: user script, then pack debug sequence, then built-in family, then what the architecture
 * says. A step goes to the first layer that takes it; a layer that is switched off is passed over.
 *
 * @module
 */
import { TapirError, TargetError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { LockState, StepContext, StepName, TargetSteps } from "./delegates.ts";

const log = getLogger("target", "ladder");

/** One rung: who it is and which steps it offers. */
export interface Layer {
  /** For logs and messages: `script`, `pack`, or the family's name. */
  readonly name: string;
  /** The steps it offers. */
  readonly hooks: TargetSteps;
  /** Absent or true: in use. Asked each time, so that an option may change in the middle of a session. */
  readonly enabled?: (step: StepName) => boolean;
}

/**
 * Resolves steps through layers, highest first.
 *
 * @example A step that no layer takes goes to the architecture default
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Ladder } from "./ladder.ts";
 * import type { StepContext } from "./delegates.ts";
 *
 * const ladder = new Ladder([{ name: "script", hooks: { trace_flush: () => false } }]);
 * const who = await ladder.run("trace_flush", {} as StepContext<"trace_flush">, () => Promise.resolve());
 * assertEquals(who, "default");
 * ```
 */
export class Ladder {
  readonly #layers: Layer[];

  /** `layers` from the highest to the lowest; the architecture default is not among them. */
  constructor(layers: readonly Layer[] = []) {
    this.#layers = [...layers];
  }

  /** The layers, highest first. */
  get layers(): readonly Layer[] {
    return this.#layers;
  }

  /** Puts a layer on top of all others. */
  addOnTop(layer: Layer): void {
    this.#layers.unshift(layer);
  }

  /** Whether any layer in use offers `step`. */
  offers(step: StepName): boolean {
    return this.#offering(step).length > 0;
  }

  #offering(step: StepName): Layer[] {
    return this.#layers.filter((layer) => layer.hooks[step] !== undefined && (layer.enabled?.(step) ?? true));
  }

  /**
   * Offers `step` to each layer until one answers `true`, then falls back to `architecture`.
   *
   * @returns the name of the layer that did it, or `default`
   * @throws {TargetError} with the layer's own error as cause; lower layers are not tried then
   */
  async run<N extends StepName>(
    step: N,
    context: StepContext<N>,
    architecture?: () => Promise<void>,
  ): Promise<string> {
    for (const layer of this.#offering(step)) {
      if ((await this.#call(layer, step, context)) === true) {
        log.debug(() => `${step}: done by ${layer.name}`);
        return layer.name;
      }
    }
    if (architecture !== undefined) await architecture();
    log.debug(() => `${step}: architecture default`);
    return "default";
  }

  /**
   * Tells every layer in use, highest first, whatever they answer.
   *
   * @throws {TargetError} with the layer's own error as cause
   */
  async notify<N extends StepName>(step: N, context: StepContext<N>): Promise<void> {
    for (const layer of this.#offering(step)) {
      await this.#call(layer, step, context);
      log.debug(() => `${step}: told ${layer.name}`);
    }
  }

  /** What the highest layer that can tell says about the chip's protection. @throws {TargetError} */
  async lockState(context: StepContext<"is_locked">): Promise<LockState> {
    for (const layer of this.#offering("is_locked")) {
      const state = await this.#call(layer, "is_locked", context);
      if (typeof state === "object" && state !== null) return state as LockState;
    }
    return { locked: false };
  }

  async #call<N extends StepName>(layer: Layer, step: N, context: StepContext<N>): Promise<unknown> {
    const hook = layer.hooks[step] as ((context: StepContext<N>) => unknown) | undefined;
    try {
      return await hook?.call(layer.hooks, context);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const known = cause instanceof TapirError ? cause : undefined;
      throw new TargetError(`Cannot complete step ${step} of ${layer.name}: ${reason}`, {
        code: known?.code ?? "delegate-failed",
        cause,
        fields: { step, layer: layer.name },
        ...(known === undefined ? {} : { exitCode: known.exitCode }),
        ...(known?.hint === undefined ? {} : { hint: known.hint }),
      });
    }
  }
}
