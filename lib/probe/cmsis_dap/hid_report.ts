/**
 * What a HID report descriptor says about an interface (HID 1.11, 6.2.2): which of several HID interfaces is the one for
 * CMSIS-DAP, and how long its reports are. Pure.
 *
 * @module
 */
import { FormatError } from "../../base/errors.ts";

/** The facts about a HID interface that matter to CMSIS-DAP. */
export interface HidReport {
  /** Usage page of each application collection, in order. */
  readonly usagePages: readonly number[];
  /** Length of the longest input report in bytes, without its ID. */
  readonly inputBytes: number;
  /** Length of the longest output report in bytes, without its ID. */
  readonly outputBytes: number;
  /** Whether reports begin with an ID; those of CMSIS-DAP do not. */
  readonly hasIds: boolean;
}

/** Type and tag of the items that matter: a short item's first byte without its size (HID 1.11, 6.2.2.2). */
const ITEM = {
  usagePage: 0x04,
  usage: 0x08,
  reportSize: 0x74,
  input: 0x80,
  reportId: 0x84,
  output: 0x90,
  reportCount: 0x94,
  collection: 0xa0,
  push: 0xa4,
  pop: 0xb4,
  endCollection: 0xc0,
} as const;

const LONG_ITEM = 0xfe;
const DATA_BYTES = [0, 1, 2, 4] as const;
const APPLICATION = 1;
const TYPE_MASK = 0x0c;

/** State that PUSH and POP save and restore (HID 1.11, 6.2.2.7). */
interface Globals {
  readonly usagePage: number;
  readonly reportSize: number;
  readonly reportCount: number;
  readonly reportId: number;
}

interface Item {
  readonly at: number;
  /** Type and tag. */
  readonly kind: number;
  readonly value: number;
  /** Data bytes. */
  readonly size: number;
}

/**
 * Reads a HID report descriptor.
 *
 * @throws {FormatError} when it is cut off or its parts do not fit together
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseHidReport } from "./hid_report.ts";
 *
 * const mouse = Uint8Array.of(0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x75, 0x08, 0x95, 0x04, 0x81, 0x06, 0xc0);
 * assertEquals(parseHidReport(mouse), { usagePages: [1], inputBytes: 4, outputBytes: 0, hasIds: false });
 * ```
 */
export function parseHidReport(bytes: Uint8Array): HidReport {
  let globals: Globals = { usagePage: 0, reportSize: 0, reportCount: 0, reportId: 0 };
  const saved: Globals[] = [];
  const usagePages: number[] = [];
  /** Bits by report ID; 0 stands for reports without one. */
  const [inputs, outputs] = [new Map<number, number>(), new Map<number, number>()];
  const grow = (reports: Map<number, number>): void => {
    const { reportId, reportSize, reportCount } = globals;
    reports.set(reportId, (reports.get(reportId) ?? 0) + reportSize * reportCount);
  };
  /** Page of the first usage since the last main item, when it names one itself. */
  let ownPage: number | undefined;
  let depth = 0;
  for (const { at, kind, value, size } of items(bytes)) {
    switch (kind) {
      case ITEM.usagePage:
        globals = { ...globals, usagePage: value };
        break;
      case ITEM.reportSize:
        globals = { ...globals, reportSize: value };
        break;
      case ITEM.reportCount:
        globals = { ...globals, reportCount: value };
        break;
      case ITEM.reportId:
        if (value === 0) throw malformed(at, "gives report ID 0");
        globals = { ...globals, reportId: value };
        break;
      case ITEM.push:
        saved.push(globals);
        break;
      case ITEM.pop: {
        const last = saved.pop();
        if (last === undefined) throw malformed(at, "restores what was never saved");
        globals = last;
        break;
      }
      case ITEM.usage:
        // A usage of four bytes brings its page along (HID 1.11, 6.2.2.8).
        if (size === 4) ownPage ??= value >>> 16;
        break;
      case ITEM.input:
        grow(inputs);
        break;
      case ITEM.output:
        grow(outputs);
        break;
      case ITEM.collection:
        if (depth++ === 0 && value === APPLICATION) usagePages.push(ownPage ?? globals.usagePage);
        break;
      case ITEM.endCollection:
        if (depth-- === 0) throw malformed(at, "ends a collection that was never begun");
        break;
    }
    // Usages are forgotten after each main item.
    if ((kind & TYPE_MASK) === 0) ownPage = undefined;
  }
  if (depth > 0) throw malformed(bytes.length, "is missing: a collection does not end");
  const longest = (reports: Map<number, number>): number => Math.ceil(Math.max(0, ...reports.values()) / 8);
  const hasIds = [...inputs.keys(), ...outputs.keys()].some((id) => id !== 0);
  return { usagePages, inputBytes: longest(inputs), outputBytes: longest(outputs), hasIds };
}

/** The short items one after the other; long items are passed over, as none is defined (HID 1.11, 6.2.2.3). */
function* items(bytes: Uint8Array): Generator<Item> {
  for (let at = 0; at < bytes.length;) {
    const prefix = bytes[at]!;
    const isLong = prefix === LONG_ITEM;
    const header = isLong ? 3 : 1;
    const size = isLong ? bytes[at + 1] ?? 0 : DATA_BYTES[(prefix & 3) as 0 | 1 | 2 | 3];
    const next = at + header + size;
    if (next > bytes.length) throw malformed(at, "is cut off");
    if (!isLong) {
      let value = 0;
      for (let i = next - 1; i > at; i--) value = value * 256 + bytes[i]!;
      yield { at, kind: prefix & 0xfc, value, size };
    }
    at = next;
  }
}

function malformed(at: number, what: string): FormatError {
  return new FormatError(`Cannot read the HID report descriptor: the item at byte ${at} ${what}`);
}
