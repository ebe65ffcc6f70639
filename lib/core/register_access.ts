/**
 * Core registers through DCRSR and DCRDR: any number of them in one batch.
 *
 * Armv7-M (DDI 0403) C1.6.3 and C1.6.4.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { DCRSR_WRITE, DHCSR, SCS } from "./debug_regs.ts";
import { REGISTER_ALIASES, type RegisterInfo } from "./registers.ts";

const READY = DHCSR.S_REGRDY | DHCSR.S_HALT;

/** Milliseconds one register transfer may take; it takes a few core clocks. */
const TRANSFER_LIMIT = 100;

/** The registers of one core. */
export class RegisterAccess {
  readonly #memory: MemoryInterface;
  readonly #byName: ReadonlyMap<string, RegisterInfo>;
  readonly #explain: () => Promise<Error>;

  /** Accesses `registers`; `explain` says why a transfer did not finish. */
  constructor(memory: MemoryInterface, registers: readonly RegisterInfo[], explain: () => Promise<Error>) {
    this.#memory = memory;
    this.#byName = new Map(registers.map((register) => [register.name, register]));
    this.#explain = explain;
  }

  /** The register of that name or alias. @throws {UsageError} when the core has none */
  info(name: string): RegisterInfo {
    const wanted = name.toLowerCase();
    const found = this.#byName.get(wanted) ?? this.#byName.get(REGISTER_ALIASES[wanted] ?? "");
    if (found) return found;
    throw new UsageError(`Cannot access register ${name}: this core has no such register`, {
      code: "unknown-register",
      hint: `Registers of this core: ${[...this.#byName.keys()].join(" ")}`,
      fields: { register: name },
    });
  }

  /** Reads registers in one batch; each selector is transferred once even when several registers share it. */
  async read(names: readonly string[]): Promise<(number | bigint)[]> {
    const registers = names.map((name) => this.info(name));
    const words = await this.#transferIn(registers.flatMap((register) => [...register.selectors]));
    return registers.map((register) => extract(register, words));
  }

  /**
   * Writes registers in the order given. Registers that are part of a word are merged into it: the word is read once
   * and written once even when several of its parts change.
   *
   * @throws {UsageError} for an unknown register or a value that does not fit
   */
  async write(values: Readonly<Record<string, number | bigint>>): Promise<void> {
    const changes = Object.entries(values).map(([name, value]) => {
      const register = this.info(name);
      return { register, value: checked(register, value) };
    });
    const whole = new Set(
      changes.filter(({ register }) => register.mask === undefined).map((c) => c.register.selectors[0]),
    );
    const partial = changes.filter(({ register }) => register.mask !== undefined && !whole.has(register.selectors[0]));
    const words = partial.length > 0
      ? await this.#transferIn(partial.map((change) => change.register.selectors[0]))
      : new Map<number, number>();
    for (const { register, value } of changes) merge(register, value, words);
    await this.#transferOut(words);
  }

  async #transferIn(selectors: readonly number[]): Promise<Map<number, number>> {
    const distinct = [...new Set(selectors)];
    const ready: Promise<boolean>[] = [];
    const words: Promise<number>[] = [];
    for (const selector of distinct) {
      this.#memory.write32(SCS.dcrsr, selector);
      ready.push(this.#memory.waitFor32(SCS.dhcsr, READY, READY, TRANSFER_LIMIT));
      words.push(this.#memory.read32(SCS.dcrdr));
    }
    const values = await this.#settle(ready, words);
    return new Map(distinct.map((selector, index) => [selector, values[index]!]));
  }

  async #transferOut(words: ReadonlyMap<number, number>): Promise<void> {
    const ready: Promise<boolean>[] = [];
    for (const [selector, value] of words) {
      this.#memory.write32(SCS.dcrdr, value);
      this.#memory.write32(SCS.dcrsr, selector | DCRSR_WRITE);
      ready.push(this.#memory.waitFor32(SCS.dhcsr, READY, READY, TRANSFER_LIMIT));
    }
    await this.#settle(ready, []);
  }

  /** A transfer that never got ready explains more than the accesses that were lost because of it, so it goes first. */
  async #settle(ready: readonly Promise<boolean>[], words: readonly Promise<number>[]): Promise<number[]> {
    const [states, values] = await Promise.all([Promise.allSettled(ready), Promise.allSettled(words)]);
    if (states.some((state) => state.status === "fulfilled" && !state.value)) throw await this.#explain();
    const lost = [...states, ...values].find((result) => result.status === "rejected");
    if (lost) throw lost.reason;
    return values.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  }
}

function extract(register: RegisterInfo, words: ReadonlyMap<number, number>): number | bigint {
  const [low, high] = register.selectors;
  const value = words.get(low)!;
  if (high !== undefined) return (BigInt(words.get(high)!) << 32n) | BigInt(value);
  return register.mask === undefined ? value : (value & register.mask) >>> (register.shift ?? 0);
}

function merge(register: RegisterInfo, value: number | bigint, words: Map<number, number>): void {
  const [low, high] = register.selectors;
  if (high !== undefined) {
    words.set(low, Number(BigInt(value) & 0xffffffffn));
    words.set(high, Number(BigInt(value) >> 32n));
  } else if (register.mask === undefined) {
    words.set(low, Number(value));
  } else {
    const field = (Number(value) << (register.shift ?? 0)) & register.mask;
    words.set(low, ((words.get(low)! & ~register.mask) | field) >>> 0);
  }
}

function checked(register: RegisterInfo, value: number | bigint): number | bigint {
  const fits = typeof value === "bigint" || Number.isInteger(value);
  if (fits && value >= 0 && BigInt(value) < 1n << BigInt(register.bits)) return value;
  throw new UsageError(`Cannot write ${value} to register ${register.name}: it holds ${register.bits} unsigned bits`, {
    fields: { register: register.name },
  });
}
