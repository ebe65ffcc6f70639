/**
 * Faults to inject into a simulated probe and its wire: planned as data, carried out the same way every time.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";

/**
 * A disturbance of one SWD transfer, counted on the wire from 0. `wait` keeps the access port busy for `count`
 * attempts (DPIDR, CTRL/STAT and ABORT never wait, so the burst passes them by), `fault` raises STICKYERR, `no-ack` makes
 * the target miss the packet and stay silent until a line reset, `parity` spoils the parity bit of the next read. The
 * last two exist on SWD only.
 */
export interface TransferFaultPlan {
  /** What happens. */
  readonly kind: "wait" | "fault" | "no-ack" | "parity";
  /** Number of the transfer it happens to. */
  readonly transfer: number;
  /** For `wait`: how many attempts are refused; 1 unless told. */
  readonly count?: number;
}

/**
 * A disturbance of one packet between host and probe, counted from 0. `drop` loses the response, `short` cuts it to
 * `length` bytes, `garbage` replaces it by noise, `gone` unplugs the probe, `hang` stops it from ever answering again.
 */
export interface PacketFaultPlan {
  /** What happens. */
  readonly kind: "drop" | "short" | "garbage" | "gone" | "hang";
  /** Number of the request packet it happens to. */
  readonly packet: number;
  /** For `short`: bytes left of the response; 1 unless told. */
  readonly length?: number;
}

/** Everything that will go wrong, in any order. */
export type FaultPlan = readonly (TransferFaultPlan | PacketFaultPlan)[];

const TRANSFER_KINDS = ["wait", "fault", "no-ack", "parity"] as const;
const PACKET_KINDS = ["drop", "short", "garbage", "gone", "hang"] as const;

/**
 * Reads a plan from text such as `wait@120x5,gone@300`: kind, `@`, number of the transfer or packet, and for `wait` and
 * `short` optionally `x` with the count or length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFaultPlan } from "./faults.ts";
 *
 * assertEquals(parseFaultPlan("wait@120x5,gone@300"), [
 *   { kind: "wait", transfer: 120, count: 5 },
 *   { kind: "gone", packet: 300 },
 * ]);
 * ```
 *
 * @throws {UsageError} when an entry is malformed
 */
export function parseFaultPlan(text: string): FaultPlan {
  return text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "").map(parseEntry);
}

function parseEntry(entry: string): TransferFaultPlan | PacketFaultPlan {
  const match = /^([a-z-]+)@(\d+)(?:x(\d+))?$/.exec(entry);
  const [, name, at, extra] = match ?? [];
  const transferKind = TRANSFER_KINDS.find((kind) => kind === name);
  const packetKind = PACKET_KINDS.find((kind) => kind === name);
  const takesExtra = name === "wait" || name === "short";
  if (at === undefined || (transferKind ?? packetKind) === undefined || (extra !== undefined && !takesExtra)) {
    throw new UsageError(`Cannot read fault plan entry "${entry}"`, {
      hint: `Write KIND@NUMBER, such as wait@120x5; kinds: ${[...TRANSFER_KINDS, ...PACKET_KINDS].join(", ")}`,
    });
  }
  const number = Number(at);
  if (transferKind) {
    return { kind: transferKind, transfer: number, ...(extra === undefined ? {} : { count: Number(extra) }) };
  }
  return { kind: packetKind!, packet: number, ...(extra === undefined ? {} : { length: Number(extra) }) };
}

/** Hands out the faults of a plan as transfers and packets go by. */
export class FaultInjector {
  #transfers = new Map<number, TransferFaultPlan[]>();
  #packets = new Map<number, PacketFaultPlan[]>();
  #transfer = 0;
  #packet = 0;

  /** Starts counting transfers and packets at 0. */
  constructor(plan: FaultPlan = []) {
    for (const fault of plan) {
      if ("transfer" in fault) push(this.#transfers, fault.transfer, fault);
      else push(this.#packets, fault.packet, fault);
    }
  }

  /** What happens to the next transfer. */
  nextTransfer(): readonly TransferFaultPlan[] {
    return this.#transfers.get(this.#transfer++) ?? NOTHING;
  }

  /** What happens to the next packet. */
  nextPacket(): readonly PacketFaultPlan[] {
    return this.#packets.get(this.#packet++) ?? NOTHING;
  }
}

const NOTHING: readonly never[] = [];

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
