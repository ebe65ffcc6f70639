/**
 * The options of one session: layers that override each other, and who set what.
 *
 * @module
 */
import { Emitter } from "../base/events.ts";
import { getLogger } from "../base/log.ts";
import { OPTION_NAMES, OPTION_TABLE, type OptionName, type OptionReading, type OptionValue } from "./option_table.ts";
import { checkOptionValue, requireOptionName } from "./option_text.ts";

const log = getLogger("session", "options");

/** Layers, the one that wins first. */
export const OPTION_LAYERS = [
  "live",
  "command-line",
  "-O",
  "environment",
  "cbuild-run",
  "probe-section",
  "config",
  "subcommand",
] as const;

/** Where the value of an option may come from, besides the built-in default. */
export type OptionLayer = (typeof OPTION_LAYERS)[number];

/** Values of some options. */
export type OptionValues = { readonly [N in OptionName]?: OptionValue<N> | undefined };

/** Where the value of an option comes from. */
export interface OptionOrigin {
  /** The layer that won, or `default`. */
  readonly layer: OptionLayer | "default";
  /** For people: the file, the variable, the flag. */
  readonly source: string;
}

/** An option has another value now. */
export interface OptionChange {
  /** The option. */
  readonly name: OptionName;
  /** Its value now. */
  readonly value: unknown;
  /** Its value before. */
  readonly previous: unknown;
}

interface Entry {
  readonly value: unknown;
  readonly source: string;
}

/**
 * Options of a session.
 *
 * @example A higher layer wins, and the origin is known
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Options } from "./options.ts";
 *
 * const options = new Options();
 * options.fill("config", { frequency: 2_000_000 }, "tapir.yaml");
 * options.fill("-O", { frequency: 4_000_000 }, "-O");
 * assertEquals(options.get("frequency"), 4_000_000);
 * assertEquals(options.origin("frequency"), { layer: "-O", source: "-O" });
 * assertEquals(options.get("smart_flash"), true);
 * ```
 */
export class Options {
  #layers = new Map<OptionLayer, Map<OptionName, Entry>>();
  #changes = new Emitter<OptionChange>();

  /** Options with the given values in the layer of the command line. */
  constructor(values: OptionValues = {}) {
    this.fill("command-line", values, "command line");
  }

  /** Adds values to a layer; undefined ones are left out. `source` names where they come from, for people. */
  fill(layer: OptionLayer, values: OptionValues, source: string): void {
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) this.put(layer, name as OptionName, value, source);
    }
  }

  /** Puts one value into a layer, checked against the table. @throws {UsageError} when name or value does not fit */
  put(layer: OptionLayer, given: OptionName, value: unknown, source: string): void {
    // Programs and scripts in JavaScript give any name.
    const name = requireOptionName(given);
    let entries = this.#layers.get(layer);
    if (entries === undefined) this.#layers.set(layer, entries = new Map());
    const { awaits } = OPTION_TABLE[name];
    if (awaits !== undefined && layer !== "subcommand" && layer !== "cbuild-run") {
      log.warning(`Option ${name} of ${source} has no effect: this version has no ${awaits}`);
    }
    const previous = this.get(name);
    entries.set(name, { value: checkOptionValue(name, value), source });
    const now = this.get(name);
    if (now !== previous) this.#changes.emit({ name, value: now, previous });
  }

  /** The value of an option. @throws {UsageError} when there is no option of this name */
  get<N extends OptionName>(name: N): OptionReading<N> {
    const known = Object.hasOwn(OPTION_TABLE, name) ? name : requireOptionName(name);
    return (this.#find(known)?.entry.value ?? OPTION_TABLE[known].default) as OptionReading<N>;
  }

  /** Whether anything but the built-in default sets the option. */
  isSet(name: OptionName): boolean {
    return this.#find(name) !== undefined;
  }

  /** Where the value of an option comes from. */
  origin(name: OptionName): OptionOrigin {
    const found = this.#find(name);
    return found === undefined
      ? { layer: "default", source: "built-in default" }
      : { layer: found.layer, source: found.entry.source };
  }

  /** Changes an option of a live session, over everything else. @throws {UsageError} when name or value does not fit */
  set<N extends OptionName>(name: N, value: OptionValue<N>): void {
    this.put("live", name, value, "set");
  }

  /** Tells `listener` about every change from now on; the returned function stops that. */
  onChange(listener: (change: OptionChange) => void): () => void {
    return this.#changes.on(listener);
  }

  /** All options that something sets, sorted by name. */
  setNames(): OptionName[] {
    return OPTION_NAMES.filter((name) => this.isSet(name));
  }

  #find(name: OptionName): { layer: OptionLayer; entry: Entry } | undefined {
    for (const layer of OPTION_LAYERS) {
      const entry = this.#layers.get(layer)?.get(name);
      if (entry !== undefined) return { layer, entry };
    }
    return undefined;
  }
}
