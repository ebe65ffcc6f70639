/**
 * The one queue of transfers a probe has: issue order is wire order, and what is enqueued in one microtask travels as
 * one batch.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { Deadline } from "../base/clock.ts";
import { TapirError, TransferError, type TransferFault } from "../base/errors.ts";
import type { AtomicOutcome, AtomicPart, DapOp, DapPort, DapResult, Probe } from "../probe/probe.ts";

/** What the enqueuer knows about a transfer, for the error message should it fail. */
export interface TransferTag {
  /** The access port, in people's words, such as `AP#0`. */
  readonly ap?: string;
  /** Byte address in target memory of the (first) word. */
  readonly address?: number;
  /** Bytes from one word of a block to the next in target memory; 4 unless told. */
  readonly step?: number;
}

/** Brings the debug port back into a usable state after a transfer failed; called before the next batch goes out. */
export type FaultHandler = (fault: TransferFault) => Promise<void>;

/** Something other than a transfer that happens in its turn. */
export type QueuedCommand = Exclude<AtomicPart, { readonly kind: "transfer" }>;

interface Item {
  readonly op: DapOp | undefined;
  readonly command?: QueuedCommand;
  readonly tag: TransferTag;
  readonly settle?: { resolve(outcome: Outcome): void; reject(error: unknown): void };
  readonly deadline?: Deadline;
}

/** The words that were read, whether the expected value appeared, or the levels of pins. */
type Outcome = Uint32Array | boolean | number;

const NO_TAG: TransferTag = {};
const NO_WORDS = new Uint32Array(0);

/**
 * Collects transfers and carries them out in batches.
 *
 * - A read returns a promise, a write returns nothing; both only put the transfer into the queue.
 * - Batches run one after another; what is enqueued meanwhile forms the next one.
 * - When a transfer fails, everything enqueued by then is not run. The failure comes out of the promise of the failed
 *   read, or, for a write, of the next read or {@linkcode TransferQueue.flush}; until then nothing more is run.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FakeProbe } from "./testing/fake_probe.ts";
 * import { TransferQueue } from "./queue.ts";
 *
 * const probe = new FakeProbe();
 * const queue = new TransferQueue(probe);
 * queue.write("dp", 0x8, 0);
 * const dpidr = await queue.read("dp", 0x0);
 * assertEquals([dpidr, probe.batches.length], [0x2ba01477, 1]);
 * ```
 */
export class TransferQueue {
  readonly #probe: Probe;
  #recover: FaultHandler | undefined;
  #check: DapOp | undefined;
  #pending: Item[] = [];
  #running = false;
  #failure: unknown;
  #epoch = 0;

  /** Makes the queue of `probe`; a probe must have one only. */
  constructor(probe: Probe) {
    this.#probe = probe;
  }

  /** Sets what is done after a failed transfer, before anything else is sent. */
  set faultHandler(handler: FaultHandler) {
    this.#recover = handler;
  }

  /**
   * A check added behind every batch that uses an access port, for wires whose answers do not tell a fault (JTAG): a
   * poll of CTRL/STAT that must match at once.
   */
  set check(op: DapOp | undefined) {
    this.#check = op;
  }

  /** Grows with every failure. Whoever caches target register values drops them when it has changed. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Queues the read of one register; `register` is its address on the wire (0x0, 0x4, 0x8, 0xC).
   *
   * @throws {TransferError} from the promise
   */
  read(port: DapPort, register: number, tag: TransferTag = NO_TAG): Promise<number> {
    return this.#ask({ kind: "read", port, register }, tag, (words) => (words as Uint32Array)[0]!);
  }

  /** Queues `count` reads of one register. @throws {TransferError} from the promise */
  readBlock(port: DapPort, register: number, count: number, tag: TransferTag = NO_TAG): Promise<Uint32Array> {
    return this.#ask({ kind: "read-block", port, register, count }, tag, (words) => words as Uint32Array);
  }

  /** Queues the write of one register. */
  write(port: DapPort, register: number, value: number, tag: TransferTag = NO_TAG): void {
    this.#enqueue({ op: { kind: "write", port, register, value: value >>> 0 }, tag });
  }

  /** Queues writes to one register. `values` must not change until the queue has been flushed. */
  writeBlock(port: DapPort, register: number, values: Uint32Array, tag: TransferTag = NO_TAG): void {
    this.#enqueue({ op: { kind: "write-block", port, register, values }, tag });
  }

  /**
   * Queues a wait until `(register & mask) === value`, polled by the probe `retries` + 1 times. When transfers follow
   * in the same batch the poll is repeated until `limitMs` milliseconds have passed; otherwise it is up to the caller
   * to ask again, so that others get their turn.
   *
   * @returns false when the value did not appear; what followed in the same batch has then not been run
   * @throws {TransferError} from the promise
   */
  match(
    port: DapPort,
    register: number,
    condition: { readonly mask: number; readonly value: number; readonly retries: number; readonly limitMs: number },
    tag: TransferTag = NO_TAG,
  ): Promise<boolean> {
    const { mask, value, retries, limitMs } = condition;
    const op: DapOp = { kind: "match", port, register, mask: mask >>> 0, value: value >>> 0, retries };
    const deadline = new Deadline(this.#probe.clock, limitMs, "polling a register");
    return this.#ask(op, tag, (matched) => matched as boolean, deadline);
  }

  /**
   * Queues pins, a delay or a line sequence between transfers. What is enqueued in one microtask goes out without the
   * computer in between where the probe can do that.
   *
   * @returns levels of all pins; 0 for other commands
   * @throws {ProbeError} from the promise
   */
  command(command: QueuedCommand): Promise<number> {
    return handled(
      new Promise<number>((resolve, reject) => {
        const settle = { resolve: (outcome: Outcome) => resolve(typeof outcome === "number" ? outcome : 0), reject };
        this.#enqueue({ op: undefined, command, tag: NO_TAG, settle });
      }),
    );
  }

  /** Waits until everything queued is done. @throws {TransferError} when something failed that nobody heard of yet */
  flush(): Promise<void> {
    return this.#ask(undefined, NO_TAG, () => undefined);
  }

  /** Forgets what cached register values rest upon, as after a reset of the debug port. */
  invalidate(): void {
    this.#epoch++;
  }

  #ask<T>(
    op: DapOp | undefined,
    tag: TransferTag,
    convert: (outcome: Outcome) => T,
    deadline?: Deadline,
  ): Promise<T> {
    return handled(
      new Promise<T>((resolve, reject) => {
        const settle = { resolve: (outcome: Outcome) => resolve(convert(outcome)), reject };
        this.#enqueue({ op, tag, settle, ...(deadline ? { deadline } : {}) });
      }),
    );
  }

  #enqueue(item: Item): void {
    if (this.#failure !== undefined) {
      if (item.settle) {
        item.settle.reject(this.#failure);
        this.#failure = undefined;
      }
      return;
    }
    this.#pending.push(item);
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => this.#run());
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      if (batch.some((item) => item.command)) await this.#runMixed(batch);
      else await this.#runBatch(batch);
    }
    this.#running = false;
  }

  /** All at once where the probe takes it; otherwise the first part now and the rest in the next round. */
  async #runMixed(batch: readonly Item[]): Promise<void> {
    const groups = groupItems(batch);
    let outcomes: readonly AtomicOutcome[] | undefined;
    try {
      // A wire that needs a check behind its transfers gets them one batch at a time.
      const busy = groups.filter((group) => group.some((item) => item.op || item.command));
      if (!this.#check && busy.length > 1) outcomes = await this.#probe.atomic?.(groups.map(partOf));
    } catch (error) {
      return this.#giveUp(batch, error);
    }
    if (outcomes === undefined) return await this.#runFirst(groups);
    for (const [index, group] of groups.entries()) {
      const outcome = outcomes[index];
      if (typeof outcome !== "object") {
        group[0]!.settle?.resolve(outcome ?? 0);
        continue;
      }
      const left = group.slice(deliver(group, outcome));
      if (left.length === 0) continue;
      return await this.#fault(
        [...left, ...groups.slice(index + 1).flat()],
        outcome.fault ?? "not-run",
        outcome.partial,
      );
    }
  }

  async #runFirst([first = [], ...rest]: readonly (readonly Item[])[]): Promise<void> {
    this.#pending.unshift(...rest.flat());
    const command = first[0]?.command;
    if (command === undefined) return await this.#runBatch(first);
    try {
      first[0]!.settle?.resolve(await this.#carryOut(command));
    } catch (error) {
      this.#giveUp(first, error);
    }
  }

  async #carryOut(command: QueuedCommand): Promise<number> {
    switch (command.kind) {
      case "pins":
        return await this.#probe.pins(command.output, command.select, command.waitUs);
      case "delay":
        await this.#probe.clock.sleep(command.us / 1000);
        return 0;
      case "sequence":
        await this.#probe.swjSequence(command.count, command.bits);
        return 0;
    }
  }

  async #runBatch(batch: readonly Item[]): Promise<void> {
    let items = batch;
    while (true) {
      const ops = items.flatMap((item) => item.op ? [item.op] : []);
      const checked = this.#check && ops.some((op) => op.port === "ap");
      let result: DapResult = { words: NO_WORDS, done: 0, partial: 0 };
      try {
        if (ops.length > 0) result = await this.#probe.transfer(checked ? [...ops, this.#check!] : ops);
      } catch (error) {
        this.#giveUp(items, error);
        return;
      }
      if (checked && result.fault === "mismatch" && result.done === ops.length) {
        const users = items.filter((item) => item.op?.port === "ap");
        return await this.#fault(
          items,
          "fault",
          0,
          users.length === 1 ? users[0]! : { op: undefined, tag: users[0]!.tag },
        );
      }
      items = items.slice(deliver(items, result));
      const failed = items[0];
      if (!failed) return;
      const fault = result.fault ?? "not-run";
      if (fault !== "mismatch" || !failed.deadline) return await this.#fault(items, fault, result.partial);
      if (items.every((item) => item === failed || !item.op)) {
        failed.settle?.resolve(false);
        for (const flush of items.slice(1)) flush.settle?.resolve(true);
        return;
      }
      if (failed.deadline.expired) {
        failed.settle?.resolve(false);
        const rest = items.slice(1);
        this.#giveUp(rest, describeFault(rest[0]!, "not-run", 0, describeFault(failed, "mismatch", 0)));
        return;
      }
      await this.#probe.clock.sleep(1);
    }
  }

  /** `culprit` failed, and none of `items` counts as done. */
  async #fault(
    items: readonly Item[],
    fault: TransferFault,
    partial: number,
    culprit: Item = items[0]!,
  ): Promise<void> {
    const error = describeFault(culprit, fault, partial);
    const victims = [...items, ...this.#pending];
    this.#pending = [];
    this.#epoch++;
    const surfaces = victims.some((item) => item.settle);
    if (!surfaces) this.#failure = error;
    let broken: unknown;
    try {
      await this.#recover?.(fault);
    } catch (failure) {
      broken = failure;
    }
    const shown = broken === undefined ? error : describeFault(culprit, fault, partial, broken);
    if (surfaces) rejectAll(victims, shown);
    else if (this.#failure === error) this.#failure = shown;
  }

  /** Nothing of `items`, nor of what was enqueued since, will run. */
  #giveUp(items: readonly Item[], error: unknown): void {
    const victims = [...items, ...this.#pending];
    this.#pending = [];
    this.#epoch++;
    if (!rejectAll(victims, error)) this.#failure = error;
  }
}

/**
 * The same promise, which nobody has to await: a failure that is not looked at does not end the program.
 *
 * @typeParam T what the promise resolves to
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Transfers that follow one another, and each command on its own. */
function groupItems(items: readonly Item[]): Item[][] {
  const groups: Item[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last === undefined || item.command || last[0]!.command) groups.push([item]);
    else last.push(item);
  }
  return groups;
}

function partOf(group: readonly Item[]): AtomicPart {
  return group[0]!.command ?? { kind: "transfer", ops: group.flatMap(({ op }) => op ? [op] : []) };
}

/** Resolves everything up to the failure; the index of the item that failed, or the number of items. */
function deliver(items: readonly Item[], result: DapResult): number {
  let ops = 0;
  let words = 0;
  for (const [index, item] of items.entries()) {
    if (!item.op) {
      item.settle?.resolve(true);
      continue;
    }
    if (ops === result.done) return index;
    ops++;
    const count = item.op.kind === "read" ? 1 : item.op.kind === "read-block" ? item.op.count : 0;
    item.settle?.resolve(item.op.kind === "match" ? true : result.words.slice(words, words + count));
    words += count;
  }
  return items.length;
}

/** The first that listens hears the error itself, the others that they were not run because of it. */
function rejectAll(items: readonly Item[], error: unknown): boolean {
  let told = false;
  for (const item of items) {
    if (!item.settle) continue;
    item.settle.reject(told ? describeFault(item, "not-run", 0, error) : error);
    told = true;
  }
  return told;
}

const ANSWERS: Readonly<Record<TransferFault, string>> = {
  "wait": "the target kept answering WAIT",
  "fault": "the target answered FAULT",
  "no-ack": "the target did not answer",
  "parity": "the answer had a parity error",
  "mismatch": "the expected value did not appear",
  "not-run": "an earlier transfer failed",
};

const HINTS: Partial<Record<TransferFault, string>> = {
  "wait": "The bus behind the access port may be stuck; a reset of the target helps",
  "fault": "There may be nothing at this address, or it is protected, or its clock or power is off",
  "no-ack": "Check the power of the target, its wiring and the wire frequency",
  "parity": "Check the wiring, or lower the wire frequency",
};

/** The error for `item`, whose word number `partial` failed. One that was not run says what went wrong before it. */
function describeFault(item: Item, fault: TransferFault, partial: number, cause?: unknown): TransferError {
  const { op, tag } = item;
  const address = tag.address === undefined || op === undefined ? undefined : tag.address + partial * (tag.step ?? 4);
  const verb = op === undefined
    ? "finish"
    : op.kind.startsWith("write")
    ? "write"
    : op.kind === "match"
    ? "poll"
    : "read";
  const register = op ? `${op.port.toUpperCase()} register ${hex(op.register, 1)}` : "queued transfers";
  const what = address === undefined ? register : "memory";
  const where = address === undefined ? "" : ` at ${hex(address)}`;
  const through = tag.ap ? ` through ${tag.ap}` : "";
  const root = fault === "not-run" && cause instanceof TapirError ? cause : undefined;
  const reason = root ? `${ANSWERS[fault]}: ${root.message}` : ANSWERS[fault];
  const hint = root ? root.hint : HINTS[fault];
  return new TransferError(`Cannot ${verb} ${what}${where}${through}: ${reason}`, fault, {
    address,
    ...(hint ? { hint } : {}),
    ...(root ? { exitCode: root.exitCode } : {}),
    ...(cause === undefined ? {} : { cause }),
    fields: { port: op?.port, register: op?.register, ap: tag.ap, ack: fault },
  });
}
