/**
 * What a flash operation did: figures for people and programs, and the account given when it fails half-way.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { FlashError, ProbeError, TapirError, TransferError } from "../base/errors.ts";
import type { ProgressListener } from "../base/events.ts";
import { type AddressRange, mergeRanges, subtractRanges } from "../base/ranges.ts";
import { ranges } from "./plan.ts";

/** Phases with their own time. */
export type FlashPhase = "compare" | "erase" | "program" | "verify";

/** What was done, in bytes, counts and milliseconds of the probe's clock. */
export interface FlashReport {
  /** Bytes erased. */
  readonly erasedBytes: number;
  /** Sectors erased one by one. */
  readonly erasedSectors: number;
  /** Banks erased by one EraseChip call. */
  readonly erasedBanks: number;
  /** Bytes handed to ProgramPage. */
  readonly programmedBytes: number;
  /** ProgramPage calls. */
  readonly programmedPages: number;
  /** Bytes of sectors that held the right contents already. */
  readonly identicalBytes: number;
  /** Sectors that held the right contents already. */
  readonly identicalSectors: number;
  /** Sectors that did not need erasing because they were blank. */
  readonly blankSectors: number;
  /** Bytes compared after programming. */
  readonly verifiedBytes: number;
  /** Bytes written to RAM. */
  readonly ramBytes: number;
  /** Milliseconds per phase. */
  readonly ms: Readonly<Record<FlashPhase, number>>;
  /** Milliseconds altogether, loading the algorithm included. */
  readonly totalMs: number;
}

/** The failure of the probe at the root of `error`, when that is what happened: transfers after it merely were not run. */
export function probeFailure(error: unknown): ProbeError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof ProbeError) return at;
  return undefined;
}

/** What went wrong first: for a transfer that was merely not run, the failure before it. */
function rootFailure(error: unknown): unknown {
  const probe = probeFailure(error);
  if (probe !== undefined) return probe;
  let root = error;
  while (root instanceof TransferError && root.fault === "not-run" && root.cause instanceof Error) root = root.cause;
  return root;
}

/** Keeps the account while a flash operation runs. */
export class FlashAccount {
  readonly #clock: Clock;
  readonly #progress: ProgressListener | undefined;
  readonly #start: number;
  readonly #erased: AddressRange[] = [];
  readonly #programmed: AddressRange[] = [];
  /** What is being changed, and how it ends is not known yet. */
  #begun: readonly AddressRange[] = [];
  readonly #ms: Record<FlashPhase, number> = { compare: 0, erase: 0, program: 0, verify: 0 };
  readonly #done: Record<FlashPhase, number> = { compare: 0, erase: 0, program: 0, verify: 0 };
  readonly #totals: Record<FlashPhase, number>;
  #erasedBytes = 0;
  #programmedBytes = 0;
  #erasedSectors = 0;
  #erasedBanks = 0;
  #programmedPages = 0;
  #identicalBytes = 0;
  #identicalSectors = 0;
  #blankSectors = 0;
  #verifiedBytes = 0;
  #ramBytes = 0;

  /** `totals` are the bytes each phase has to do, for progress. */
  constructor(clock: Clock, totals: Partial<Record<FlashPhase, number>>, progress?: ProgressListener) {
    this.#clock = clock;
    this.#totals = { compare: 0, erase: 0, program: 0, verify: 0, ...totals };
    this.#progress = progress;
    this.#start = clock.now();
  }

  /** Runs one phase and adds its time to the account. */
  async timed<T>(phase: FlashPhase, work: () => Promise<T>): Promise<T> {
    const begun = this.#clock.now();
    try {
      return await work();
    } finally {
      this.#ms[phase] += this.#clock.now() - begun;
    }
  }

  /** Reports `bytes` more of a phase as done. */
  advance(phase: FlashPhase, bytes: number): void {
    this.#done[phase] = Math.min(this.#totals[phase], this.#done[phase] + bytes);
    this.#show(phase);
  }

  /** There are `bytes` less to do in a phase than it seemed. A phase that has not begun is not shown because of that. */
  #spare(phase: FlashPhase, bytes: number): void {
    this.#totals[phase] = Math.max(0, this.#totals[phase] - bytes);
    if (this.#done[phase] > 0) this.#show(phase);
  }

  #show(phase: FlashPhase): void {
    this.#progress?.({ phase, done: this.#done[phase], total: this.#totals[phase] });
  }

  /** Flash is about to be changed; until one of the methods below says so, nobody knows whether it was. */
  begin(...places: readonly AddressRange[]): void {
    this.#begun = places;
  }

  /** A sector was erased. */
  erasedSector(range: AddressRange): void {
    this.#begun = [];
    this.#erasedSectors++;
    this.#erased.push(range);
    this.#erasedBytes += range.end - range.start;
    this.advance("erase", range.end - range.start);
  }

  /** A bank was erased whole; `reach` is all of it. */
  erasedBank(reach: readonly AddressRange[]): void {
    this.#begun = [];
    this.#erasedBanks++;
    this.#erased.push(...reach);
    const bytes = reach.reduce((sum, range) => sum + range.end - range.start, 0);
    this.#erasedBytes += bytes;
    this.advance("erase", bytes);
  }

  /** A page was programmed. */
  programmedPage(address: number, length: number): void {
    this.#begun = [];
    this.#programmedPages++;
    this.#programmed.push({ start: address, end: address + length });
    this.#programmedBytes += length;
    this.advance("program", length);
  }

  /** A sector already holds what it should: neither its pages nor the bytes that would be verified matter any more. */
  identicalSector(size: number, pageBytes: number, verifyBytes: number): void {
    this.#identicalSectors++;
    this.#identicalBytes += size;
    this.#spare("erase", size);
    this.#spare("program", pageBytes);
    this.#spare("verify", verifyBytes);
  }

  /** A sector is blank already. */
  blankSector(size: number): void {
    this.#blankSectors++;
    this.#spare("erase", size);
  }

  /** Bytes were compared after programming. */
  verified(bytes: number): void {
    this.#verifiedBytes += bytes;
    this.advance("verify", bytes);
  }

  /** Bytes were written to RAM. */
  wroteRam(bytes: number): void {
    this.#ramBytes += bytes;
  }

  /** The figures so far. */
  report(): FlashReport {
    return {
      erasedBytes: this.#erasedBytes,
      erasedSectors: this.#erasedSectors,
      erasedBanks: this.#erasedBanks,
      programmedBytes: this.#programmedBytes,
      programmedPages: this.#programmedPages,
      identicalBytes: this.#identicalBytes,
      identicalSectors: this.#identicalSectors,
      blankSectors: this.#blankSectors,
      verifiedBytes: this.#verifiedBytes,
      ramBytes: this.#ramBytes,
      ms: { ...this.#ms },
      totalMs: this.#clock.now() - this.#start,
    };
  }

  /** `error` with the account of what was done before it; `wanted` is all that should have been programmed. */
  explain(error: unknown, wanted: readonly AddressRange[]): TapirError {
    const shown = rootFailure(error);
    const known = shown instanceof TapirError ? shown : undefined;
    const erased = mergeRanges(this.#erased);
    const programmed = mergeRanges(this.#programmed);
    const missing = mergeRanges(wanted).flatMap((range) => subtractRanges(range, programmed));
    const unknown = mergeRanges(this.#begun);
    const account = [
      `erased ${ranges(erased)}`,
      ...(wanted.length > 0 ? [`programmed ${ranges(programmed)}`, `not programmed ${ranges(missing)}`] : []),
      ...(unknown.length > 0 ? [`perhaps changed ${ranges(unknown)}`] : []),
    ].join("; ");
    const message = shown instanceof Error ? shown.message : String(shown);
    return new FlashError(`${message} (${account})`, {
      cause: shown,
      fields: { ...known?.fields, erased, programmed, notProgrammed: missing, unknown },
      ...(known === undefined ? {} : { code: known.code, exitCode: known.exitCode === 1 ? 5 : known.exitCode }),
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
    });
  }
}
