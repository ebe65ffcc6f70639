/**
 * What every debug probe offers, whatever its protocol: a batch of debug- and access-port transfers, pins, clock and
 * line sequences. Optional abilities are optional members, found by asking, never by `instanceof`.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { TransferFault } from "../base/errors.ts";

/** The wire between probe and chip. */
export type WireProtocol = "swd" | "jtag";

/** Which register file a transfer addresses: the debug port's, or the selected access port's. */
export type DapPort = "dp" | "ap";

/**
 * One step of a batch. `register` is the byte address within the bank: 0x0, 0x4, 0x8 or 0xC (A[3:2]); bank and AP
 * selection are the caller's business (SELECT).
 */
export type DapOp =
  | { readonly kind: "read"; readonly port: DapPort; readonly register: number }
  | { readonly kind: "write"; readonly port: DapPort; readonly register: number; readonly value: number }
  /** Reads the same register `count` times (DRW with auto-increment). */
  | { readonly kind: "read-block"; readonly port: DapPort; readonly register: number; readonly count: number }
  /** Writes all `values` to the same register. */
  | { readonly kind: "write-block"; readonly port: DapPort; readonly register: number; readonly values: Uint32Array }
  /** Reads until `(read & mask) === value`, at most `retries` + 1 times; fails with `mismatch`. Returns no word. */
  | {
    readonly kind: "match";
    readonly port: DapPort;
    readonly register: number;
    readonly mask: number;
    readonly value: number;
    readonly retries: number;
  };

/** What became of a batch. */
export interface DapResult {
  /** Words read, in the order of the operations that read; complete up to the failure. */
  readonly words: Uint32Array;
  /** Operations that were carried out completely. Equal to the batch's length when `fault` is absent. */
  readonly done: number;
  /** Words or writes carried out inside the block operation number `done`, when it failed midway. */
  readonly partial: number;
  /** Why operation number `done` failed. */
  readonly fault?: TransferFault;
}

/** A part of what has to happen without the computer in between; times in microseconds. */
export type AtomicPart =
  | { readonly kind: "transfer"; readonly ops: readonly DapOp[] }
  | { readonly kind: "pins"; readonly output: number; readonly select: number; readonly waitUs: number }
  | { readonly kind: "delay"; readonly us: number }
  | { readonly kind: "sequence"; readonly count: number; readonly bits: Uint8Array };

/** What became of an {@linkcode AtomicPart}: the result of transfers, levels of pins, or nothing. */
export type AtomicOutcome = DapResult | number | undefined;

/** The pins a probe may drive or read. Bit masks as in DAP_SWJ_Pins of the CMSIS-DAP specification. */
export const PIN = {
  /** SWCLK or TCK. */
  swclk: 0x01,
  /** SWDIO or TMS. */
  swdio: 0x02,
  /** TDI. */
  tdi: 0x04,
  /** TDO. */
  tdo: 0x08,
  /** nTRST, active low. */
  ntrst: 0x20,
  /** nRESET, active low. */
  nreset: 0x80,
} as const;

/** One step of a raw SWD sequence: bits driven on SWDIO (least significant first), or a number of bits captured. */
export type SwdSequenceStep = { readonly bits: number; readonly output: Uint8Array } | { readonly bits: number };

/** One step of a raw JTAG sequence of 1–64 TCK cycles. */
export interface JtagSequenceStep {
  /** TCK cycles, 1–64. */
  readonly cycles: number;
  /** Level of TMS during all of them. */
  readonly tms: boolean;
  /** TDI bits, least significant first. */
  readonly tdi: Uint8Array;
  /** Whether TDO is captured. */
  readonly capture: boolean;
}

/** Board and target as the probe itself reports them. */
export interface ProbeBoardInfo {
  /** Board vendor, such as `NXP`. */
  readonly boardVendor?: string;
  /** Board name, such as `FRDM-K64F`. */
  readonly boardName?: string;
  /** Target vendor. */
  readonly targetVendor?: string;
  /** Target type name, such as `k64f`. */
  readonly targetName?: string;
}

/** SWO capture, by polling or by a streaming endpoint. */
export interface SwoCapture {
  /**
   * Starts capturing UART-coded SWO at `baud` bits per second.
   *
   * @returns the rate the probe really uses, in bits per second
   */
  start(baud: number): Promise<number>;
  /** Stops capturing. */
  stop(): Promise<void>;
  /** Bytes that have arrived since the last call, possibly none. */
  read(): Promise<Uint8Array>;
}

/** An open connection to one probe. Methods may be called while earlier ones are under way; they act in call order. */
export interface Probe {
  /** Full unique ID, as `list` shows it. */
  readonly uniqueId: string;
  /** Product name, for people. */
  readonly description: string;
  /** Probe vendor. */
  readonly vendor: string;
  /** Firmware or protocol version, for people. */
  readonly version: string;
  /** Wires this probe can drive. */
  readonly protocols: readonly WireProtocol[];
  /** Time as this probe's world sees it: the computer's clock, or virtual time on a simulated board. */
  readonly clock: Clock;

  /** Selects and enables the wire; the target's state is not touched beyond the pins. */
  connect(protocol: WireProtocol): Promise<void>;
  /** Releases the wire; pins float. */
  disconnect(): Promise<void>;
  /** Gives the probe back. Safe to call twice, and after the probe has gone. */
  close(): Promise<void>;
  /** Sets the wire clock in hertz. */
  setFrequency(hz: number): Promise<void>;
  /**
   * Carries out a batch in order, stopping at the first failure.
   *
   * @throws {ProbeError} when the probe, not the target, fails
   */
  transfer(ops: readonly DapOp[]): Promise<DapResult>;
  /** Writes the DP ABORT register even when the queue on the target is stuck. */
  writeAbort(value: number): Promise<void>;
  /** Shifts `count` bits, least significant bit of byte 0 first, on SWDIO/TMS. */
  swjSequence(count: number, bits: Uint8Array): Promise<void>;
  /** Drives `output` on the pins in `select`, waits until they read so or `waitUs` microseconds pass; all pin levels. */
  pins(output: number, select: number, waitUs: number): Promise<number>;

  /**
   * Carries out all parts on its own, in order. Answers undefined when it cannot do that with these parts; nothing has
   * happened then. After a transfer that failed the other parts may have been carried out, but do not count as done.
   */
  atomic?(parts: readonly AtomicPart[]): Promise<readonly AtomicOutcome[] | undefined>;
  /** Raw SWD sequences; answers the captured bits of every capturing step. */
  swdSequence?(steps: readonly SwdSequenceStep[]): Promise<Uint8Array[]>;
  /** Raw JTAG sequences; answers the captured bits of every capturing step. */
  jtagSequence?(steps: readonly JtagSequenceStep[]): Promise<Uint8Array[]>;
  /** Tells the probe the instruction register lengths of the JTAG chain, nearest TDO first, and which device to use. */
  configureJtag?(irLengths: readonly number[], index: number): Promise<void>;
  /** SWO capture, when the probe has it. */
  readonly swo?: SwoCapture;
  /** Ends the wait for an answer that has not come yet, as if it were late: the user does not want to wait for it. */
  giveUp?(): void;
  /** What the probe knows about its board. */
  boardInfo?(): Promise<ProbeBoardInfo>;
  /** Counters of this connection since it was opened, for `--wire-stats` and the benches. */
  readonly stats: WireStats;
}

/** Traffic counters; the modelled figures exist on simulated probes only. */
export interface WireStats {
  /** Request packets sent. */
  packets: number;
  /** Bytes sent. */
  bytesOut: number;
  /** Bytes received. */
  bytesIn: number;
  /** SWCLK cycles, when simulated. */
  swdClocks?: number;
  /** Instructions the simulated target executed. */
  instructions?: number;
  /** Modelled wire time in milliseconds, when simulated. */
  modelMs?: number;
}

/** A probe that was found but not opened. */
export interface ProbeInfo {
  /** Name of the driver that found it, such as `cmsisdap`; the prefix of `plugin:id`. */
  readonly driver: string;
  /** Full unique ID. */
  readonly uniqueId: string;
  /** Product name. */
  readonly description: string;
  /** Vendor name. */
  readonly vendor: string;
  /** Board and target, when they are known without opening the probe. */
  readonly board?: ProbeBoardInfo;
  /** Why the probe cannot be used: no permission, busy, broken. */
  readonly problem?: Error;
}

/** Options a driver may look at when it opens a probe. */
export interface ProbeOpenOptions {
  /** `cmsis_dap.limit_packets`: one packet in flight only. */
  readonly limitPackets?: boolean;
  /** `cmsis_dap.deferred_transfers`; false flushes after every operation. */
  readonly deferredTransfers?: boolean;
  /** `cmsis_dap.prefer_v1`. */
  readonly preferV1?: boolean;
  /** Whether listing may open probes to ask them which board they are on. */
  readonly identify?: boolean;
}

/** Notices that probes of one kind may have come or gone. */
export interface ProbeWatch {
  /**
   * Resolves once probes may have come or gone since the last call, or since the watch began.
   *
   * @returns false when `limitMs` milliseconds have passed, the signal fired or the watch was closed before
   * @throws {ProbeError} when the system fails
   */
  changed(limitMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Ends the wait that is under way, and the watch. Safe to call twice. */
  close(): Promise<void>;
}

/** Finds and opens the probes of one kind. */
export interface ProbeDriver {
  /** Short name that users type before a colon: `cmsisdap`, `stlink`, `sim`. */
  readonly name: string;
  /** One line about the kind of probe. */
  readonly description: string;
  /** Whether probes show up by themselves; false for drivers that must be named (`sim:`, `remote:`). */
  readonly enumerable: boolean;
  /** Probes present now; a probe that cannot be read is listed with its `problem`. */
  list(options?: ProbeOpenOptions): Promise<ProbeInfo[]>;
  /**
   * Opens the probe with this unique ID (without the driver prefix).
   *
   * @throws {ProbeError} when it is not there or cannot be opened
   */
  open(uniqueId: string, options?: ProbeOpenOptions): Promise<Probe>;
  /**
   * Begins to watch for probes that come and go, where something else than listing tells of them; otherwise absent, or
   * resolves to nothing.
   *
   * @throws {ProbeError} when the system fails
   */
  watch?(): Promise<ProbeWatch | undefined>;
}
