/**
 * Variables of a running sequence. Values may still be on their way from the target.
 *
 * @module
 */

/** A value that is there, or on its way. */
export type Maybe<T> = T | Promise<T>;

/** Continues with a value at once when it is there, otherwise when it arrives. */
export function chain<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * Names and values of one sequence or control element, with the enclosing ones behind it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Scope } from "./scope.ts";
 *
 * const outer = new Scope();
 * outer.declare("x", 1n);
 * const inner = new Scope(outer);
 * inner.assign("x", 2n);
 * assertEquals(outer.get("x"), 2n);
 * ```
 */
export class Scope {
  #values = new Map<string, Maybe<bigint>>();
  readonly #parent: Scope | undefined;
  readonly #frozen: boolean;

  /** A scope inside `parent`; a frozen one is read, never written, through its children. */
  constructor(parent?: Scope, options: { frozen?: boolean } = {}) {
    this.#parent = parent;
    this.#frozen = options.frozen ?? false;
  }

  /** Creates a variable here, or gives it a new value. */
  declare(name: string, value: Maybe<bigint>): void {
    this.#store(name, value);
  }

  /** Writes where the variable lives; a name that is new, or frozen further out, is created here. */
  assign(name: string, value: Maybe<bigint>): void {
    (this.#owner(name) ?? this).#store(name, value);
  }

  /** The value, or undefined for an unknown name. */
  get(name: string): Maybe<bigint> | undefined {
    return this.#values.get(name) ?? this.#parent?.get(name);
  }

  /** Names and values of this scope only. */
  entries(): [string, Maybe<bigint>][] {
    return [...this.#values];
  }

  #owner(name: string): Scope | undefined {
    if (this.#values.has(name)) return this.#frozen ? undefined : this;
    return this.#parent === undefined ? undefined : this.#parent.#owner(name);
  }

  #store(name: string, value: Maybe<bigint>): void {
    this.#values.set(name, value);
    if (value instanceof Promise) {
      value.then(
        (arrived) => {
          if (this.#values.get(name) === value) this.#values.set(name, arrived);
        },
        // Whoever awaits the statement reports the failure; here it must only not count as unhandled.
        () => {},
      );
    }
  }
}
